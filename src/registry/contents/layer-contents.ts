import type { Turns } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { quoteBriefly, type Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { ReadingBounds } from "./layer-archive.ts";
import { indexLayer, type LayerIndex } from "./layer-index.ts";
import type { LayerShelf } from "./layer-shelf.ts";
import { type LayerNode, type NamedNode, namesIn } from "./layer-tree.ts";
import { type EntryPlace, type FileText, readLayerText } from "./read-layer-text.ts";
import { readTableOfContents } from "./table-of-contents.ts";

/** The largest layers of images have some ten GB and some hundred thousand entries. */
const BOUNDS: ReadingBounds = { entries: 2_000_000, unpackedBytes: 32 * 2 ** 30, elapsedMs: 20_000 };

/** A page of what a folder holds. */
export type FolderPage = {
  readonly folder: LayerNode;
  readonly entries: readonly NamedNode[];
  readonly next: string | null;
  readonly index: LayerIndex;
};

type PlacedNode = EntryPlace & { readonly sizeBytes: number };

type Parts = {
  readonly blobs: Pick<BlobStore, "read" | "open">;
  readonly shelf: LayerShelf;
  readonly turns: Turns;
  readonly elapsedMs: () => number;
  readonly bounds?: ReadingBounds;
};

/** Looks into layers that are here. Who may look has been decided. */
export class LayerContents {
  readonly #parts: Parts;
  readonly #bounds: ReadingBounds;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#bounds = parts.bounds ?? BOUNDS;
  }

  /** What a folder of a layer holds. Throws NAME_UNKNOWN when there is none, BLOB_UNKNOWN, LineFull. */
  async list(
    layer: Descriptor,
    folder: string,
    page: { readonly after: string | null; readonly limit: number },
    signal: AbortSignal,
  ): Promise<FolderPage> {
    const index = await this.#index(layer);
    const found = await index.tree.list(folder, page, this.#parts.turns.begin(signal));
    if (found !== null) return { ...found, index };
    throw new RegistryError("NAME_UNKNOWN", `the layer has no folder ${quoteBriefly(folder)}${unread(index)}`);
  }

  /** The beginning of a text file of a layer. Throws NAME_UNKNOWN when there is no such file, BLOB_UNKNOWN, LineFull. */
  async text(layer: Descriptor, path: string, signal: AbortSignal): Promise<FileText> {
    const { shelf, turns, elapsedMs } = this.#parts;
    const index = await this.#index(layer);
    const node = fileAt(index, path);
    if (node === null) {
      throw new RegistryError("NAME_UNKNOWN", `the layer has no file ${quoteBriefly(path)}${unread(index)}`);
    }
    if (node.sizeBytes === 0) return { sizeBytes: 0, text: "", isCut: false };
    const read = async () => {
      const source = await this.#open(layer.digest);
      return readLayerText(source, node, this.#bounds, turns.begin(signal), elapsedMs);
    };
    const text = await shelf.run(signal, read);
    if (text !== null) return text;
    throw new RegistryError("NAME_UNKNOWN", `the layer could not be read as far as ${quoteBriefly(path)}`);
  }

  #index(layer: Descriptor): Promise<LayerIndex> {
    const { shelf, turns, elapsedMs, blobs } = this.#parts;
    return shelf.get(layer.digest, async () => {
      const table = await readTableOfContents(layer, blobs, turns.begin());
      return table ?? indexLayer(await this.#open(layer.digest), this.#bounds, turns.begin(), elapsedMs);
    });
  }

  async #open(digest: Digest): Promise<AsyncIterable<Uint8Array>> {
    const body = await this.#parts.blobs.read(digest, null);
    if (body === null) throw new RegistryError("BLOB_UNKNOWN", `${digest} is not here any more`);
    return body instanceof ReadableStream ? body : body.stream();
  }
}

/** The file at a path, or the one that a hard link there leads to. */
function fileAt({ tree }: LayerIndex, path: string): PlacedNode | null {
  const node = tree.find(path);
  const isLink = node?.type === "hardlink" && node.linkTarget !== null;
  const target = isLink ? (node.linkTarget ?? path) : path;
  const file = isLink ? tree.find(target) : node;
  return file?.type === "file"
    ? { at: file.at, path: (namesIn(target) ?? []).join("/"), sizeBytes: file.sizeBytes }
    : null;
}

function unread({ reading }: LayerIndex): string {
  return reading.end === "whole" ? "" : `, as far as it was read: ${reading.why}`;
}
