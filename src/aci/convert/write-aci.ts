import { tarEntry, type TarEntry } from "../../lib/tar/tar-entry.ts";
import { TarPieces } from "../../lib/tar/tar-pieces.ts";
import type { TarReader } from "../../lib/tar/tar-reader.ts";
import { AciError } from "../aci-error.ts";
import type { AciManifest } from "./aci-manifest.ts";
import { cleanPath } from "./apply-entry.ts";
import type { LayerSource } from "./image-source.ts";
import { GarbageCollection, inLayer, openLayer } from "./plan-image.ts";
import type { LayerSelection, RootPlan } from "./root-plan.ts";

/**
 * Gives the uncompressed tar of an ACI, content streamed from the layers.
 *
 * The manifest comes first, so that a reader of a stream knows what it gets. Then below `rootfs/` the files, in the order
 * of the layers and of their entries, each with its hard links behind it, then the directories, inner ones first. With
 * directories last every unpacker ends with their own times and modes, GNU tar too, which sets a directory's time when it
 * goes on to the next.
 */
export async function* writeAci(
  manifest: AciManifest,
  plan: RootPlan,
  layers: readonly LayerSource[],
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = new TarPieces();
  const bytes = Buffer.from(JSON.stringify(manifest));
  pieces.addHead(tarEntry("manifest", "file", { size: bytes.length }));
  pieces.addContent(bytes);
  pieces.endContent(bytes.length);
  const collection = new GarbageCollection();
  for (const [number, selection] of plan.selections.entries()) {
    const layer = layers[number];
    if (layer === undefined || selection.count === 0) continue;
    const tar = openLayer(layer, maxBytes, signal);
    try {
      yield* writeSelected(tar, selection, pieces, collection);
    } catch (error) {
      throw inLayer(error, number);
    } finally {
      await tar.close();
    }
  }
  for (const entry of [...plan.extras, ...plan.directories]) {
    pieces.addHead(inRootfs(entry, entry.path));
    yield* pieces.take();
  }
  pieces.end();
  yield* pieces.take();
}

/** Writes what is wanted of a layer, up to the last entry of that. */
async function* writeSelected(
  tar: TarReader,
  selection: LayerSelection,
  pieces: TarPieces,
  collection: GarbageCollection,
): AsyncGenerator<Uint8Array> {
  let left = selection.count;
  for (let ordinal = 0; left > 0; ordinal++) {
    const entry = tar.tryNext() ?? (await tar.next());
    if (entry === null) throw new AciError("the layer changed while it was converted");
    collection.entry(entry.size);
    if (!selection.has(ordinal)) continue;
    left--;
    const placement = selection.placement(ordinal);
    const path = placement?.path ?? pathOf(entry);
    pieces.addHead(inRootfs(entry, path));
    for (let missing = entry.size; missing > 0; ) {
      const part = tar.tryContent() ?? (await tar.content());
      missing -= part.length;
      pieces.addContent(part);
      const full = pieces.take();
      if (full.length > 0) yield* full;
    }
    pieces.endContent(entry.size);
    for (const link of placement?.hardLinks ?? NO_LINKS) pieces.addHead(furtherName(entry, link, path));
    const full = pieces.take();
    if (full.length > 0) yield* full;
  }
}

const NO_LINKS: readonly string[] = [];

/** The path that an entry's own header says. Most need no cleaning. */
function pathOf({ path }: TarEntry): string {
  return isClean(path) ? path : cleanPath(path).join("/");
}

function isClean(path: string): boolean {
  return !(path.startsWith("/") || path.startsWith(".") || path.endsWith("/") || /\/[./]/.test(path));
}

/** Owners are numbers in an image; names would be looked up on the machine that unpacks it. */
function inRootfs(entry: TarEntry, path: string): TarEntry {
  return { ...entry, userName: "", groupName: "", path: rootfsPath(path) };
}

/**
 * One more name of a file. A symlink gets none but is written again: rkt sets the mode of a hard link, and by that the mode
 * of what the symlink leads to, or fails where that is nothing.
 */
function furtherName(file: TarEntry, path: string, target: string): TarEntry {
  if (file.type === "symlink") return inRootfs(file, path);
  const { mode, uid, gid, modifiedAt } = file;
  return tarEntry(rootfsPath(path), "hardlink", { mode, uid, gid, modifiedAt, linkTarget: rootfsPath(target) });
}

function rootfsPath(path: string): string {
  return path === "" ? "rootfs" : `rootfs/${path}`;
}
