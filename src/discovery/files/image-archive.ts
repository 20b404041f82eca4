/** Archives of images, which name what they hold: `docker save`'s, OCI layouts, those of k3s and RKE2 for nodes without a network. */
import { decompress } from "../../lib/compression/decompress.ts";
import { readTar } from "../../lib/tar/read-tar.ts";
import type { Findings } from "../found/found-image.ts";
import { isLikelyImage } from "../found/image-text.ts";
import { openPieces } from "./reading.ts";

const ARCHIVE_BYTES_LIMIT = 256 * 1024 ** 3;
const INDEX_BYTES_LIMIT = 16 * 1024 * 1024;
/** The lists of what an archive holds: Docker's, and an OCI layout's. */
const INDEXES = /^(?:\.\/)?(?:manifest|index)\.json$/;

/**
 * Adds the images that an archive (tar, also compressed) says that it holds. The whole of it is read, as its list may stand
 * at the end. False when it is no archive of images.
 */
export async function scanImageArchive(path: string, signal: AbortSignal, findings: Findings): Promise<boolean> {
  const names = new Set<string>();
  let isOne = false;
  try {
    const source = openPieces(path, signal);
    for await (const { entry, body } of readTar(decompress(source, { maxBytes: ARCHIVE_BYTES_LIMIT }))) {
      if (body === null || !INDEXES.test(entry.path) || entry.size > INDEX_BYTES_LIMIT) continue;
      const parts: Uint8Array[] = [];
      for await (const part of body) parts.push(part);
      const found = namesIn(JSON.parse(Buffer.concat(parts).toString("utf8")));
      isOne ||= found !== null;
      for (const name of found ?? []) names.add(name);
    }
  } catch {
    // No archive, or a damaged one: the caller says what else it could be.
    signal.throwIfAborted();
    if (!isOne) return false;
  }
  for (const name of names) findings.image({ file: path, line: null }, name, "field", "list");
  return isOne;
}

/** The names in Docker's list or an OCI index; null when it is neither. */
function namesIn(index: unknown): string[] | null {
  if (Array.isArray(index)) return index.flatMap((image) => textsIn(field(image, "RepoTags")));
  const manifests = field(index, "manifests");
  if (!Array.isArray(manifests)) return null;
  return manifests.flatMap((manifest) => {
    const annotations = field(manifest, "annotations");
    const whole = textsIn([field(annotations, "io.containerd.image.name")]);
    // A name by itself is a tag in many layouts.
    const short = textsIn([field(annotations, "org.opencontainers.image.ref.name")]).filter(isLikelyImage);
    return whole.length > 0 ? whole : short;
  });
}

function field(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function textsIn(values: unknown): string[] {
  return Array.isArray(values) ? values.filter((value) => typeof value === "string") : [];
}
