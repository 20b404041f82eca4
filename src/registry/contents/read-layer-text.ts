import type { Work } from "../../lib/async/turns.ts";
import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import type { TarReader } from "../../lib/tar/tar-reader.ts";
import { LayerArchive, type ReadingBounds } from "./layer-archive.ts";
import { namesIn } from "./layer-tree.ts";

/** The beginning of a file that is a text; `text` is null for one that is none. */
export type FileText = { readonly sizeBytes: number; readonly text: string | null; readonly isCut: boolean };

/** As much as people read. */
const TEXT_LIMIT_BYTES = 64 << 10;

/** Which entry of an archive is meant: that with a number, or the first that is no link. */
export type EntryPlace = { readonly at: number | null; readonly path: string };

/**
 * The beginning of a file of a layer's archive. Null when the archive does not come so far. Throws only what the source throws.
 */
export async function readLayerText(
  source: AsyncIterable<Uint8Array>,
  place: EntryPlace,
  bounds: ReadingBounds,
  work: Work,
  elapsedMs: () => number,
): Promise<FileText | null> {
  const archive = new LayerArchive(source, bounds, work, elapsedMs);
  let found: FileText | null = null;
  await archive.read((entry, position, tar) => {
    if (place.at === null ? !isAt(entry, place.path) : position !== place.at) return true;
    return readStart(tar, entry.size).then((bytes) => {
      found = { sizeBytes: entry.size, text: tryText(bytes, entry.size), isCut: bytes.length < entry.size };
      return false;
    });
  });
  return found;
}

function isAt({ type, path }: TarEntry, wanted: string): boolean {
  return type === "file" && namesIn(path)?.join("/") === wanted;
}

async function readStart(tar: TarReader, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let left = Math.min(size, TEXT_LIMIT_BYTES); left > 0; ) {
    const part = tar.tryContent() ?? (await tar.content());
    parts.push(part.subarray(0, left));
    left -= part.length;
  }
  return Buffer.concat(parts);
}

/** A character may be cut in two at the end; binaries have zeros, texts have none. */
function tryText(bytes: Uint8Array, size: number): string | null {
  if (bytes.includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: bytes.length < size });
  } catch {
    return null;
  }
}
