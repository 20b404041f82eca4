import type { Work } from "../../lib/async/turns.ts";
import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import { LayerArchive, type ReadingBounds, type ReadingEnd, tooMany } from "./layer-archive.ts";
import { type LayerEntry, LayerTree, type TreeBounds } from "./layer-tree.ts";

/** What a layer holds, and how far it was read to know that. */
export type LayerIndex = {
  readonly tree: LayerTree;
  readonly reading: ReadingEnd & {
    /** By the archive itself, or by the table of contents that it brings. */
    readonly by: "archive" | "table";
    readonly entryCount: number;
    readonly fileBytes: number;
    readonly unpackedBytes: number;
  };
};

/** Reads a layer's archive for what it holds. Throws only what the source throws. */
export async function indexLayer(
  source: AsyncIterable<Uint8Array>,
  bounds: ReadingBounds & { readonly tree?: TreeBounds },
  work: Work,
  elapsedMs: () => number,
): Promise<LayerIndex> {
  const tree = new LayerTree(bounds.tree);
  const archive = new LayerArchive(source, bounds, work, elapsedMs);
  let fileBytes = 0;
  const end = await archive.read((entry, at) => {
    if (tree.isFull) throw tooMany(tree.nodeCount);
    if (!tree.addWhiteout(entry.path, at)) tree.add(entry.path, describe(entry, at));
    fileBytes += entry.size;
    return true;
  });
  const { entryCount, unpackedBytes } = archive;
  return { tree, reading: { ...end, by: "archive", entryCount, fileBytes, unpackedBytes } };
}

function describe({ type, size, mode, uid, gid, modifiedAt, linkTarget }: TarEntry, at: number): LayerEntry {
  const modifiedAtMs = modifiedAt.seconds * 1000 + Math.floor(modifiedAt.nanoseconds / 1e6);
  return { type, sizeBytes: size, mode, uid, gid, modifiedAtMs, linkTarget: linkTarget || null, at };
}
