import { decompress } from "../../lib/compression/decompress.ts";
import { BLOCK_BYTES } from "../../lib/tar/header-block.ts";
import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import { TarReader } from "../../lib/tar/tar-reader.ts";
import { AciError } from "../aci-error.ts";
import { LayerApplier } from "./apply-entry.ts";
import type { LayerSource } from "./image-source.ts";
import { DirectoryNode } from "./root-tree.ts";

/** Bounds on what a conversion takes on. Beyond them it ends with an error. */
export type ConversionLimits = {
  /** All layers together, unpacked, in bytes; holes of sparse files count. */
  readonly maxBytes: number;
  /**
   * Entries of all layers together, and the directories that they imply. One costs about 150 bytes of memory if it is a file,
   * 500 if it is a directory.
   */
  readonly maxEntries: number;
  /** What is kept of entries besides their names: targets of symlinks, attributes of directories. In bytes. */
  readonly maxKeptBytes: number;
};

/** Far above any image in use: half a tebibyte, four million files. */
export const DEFAULT_LIMITS: ConversionLimits = { maxBytes: 2 ** 39, maxEntries: 2 ** 22, maxKeptBytes: 2 ** 27 };

/** What all layers together have taken of the limits. */
export class Allowance {
  readonly #limits: ConversionLimits;
  #bytes = 0;
  #entries = 0;
  #keptBytes = 0;

  constructor(limits: ConversionLimits) {
    this.#limits = limits;
  }

  get bytesLeft(): number {
    return this.#limits.maxBytes - this.#bytes;
  }

  /** Takes an entry, and the `made` directories that it implied. Throws AciError when that was too much. */
  take({ size, type, linkTarget, xattrs }: TarEntry, made: number): void {
    this.#bytes += size + BLOCK_BYTES;
    this.#entries += 1 + made;
    if (type === "symlink") this.#keptBytes += linkTarget.length;
    if (type === "directory") for (const [name, value] of xattrs) this.#keptBytes += name.length + value.length;
    if (this.#keptBytes > this.#limits.maxKeptBytes) {
      throw new AciError(
        "the targets of the image's links and the attributes of its directories are too long to be kept",
      );
    }
    if (this.#bytes > this.#limits.maxBytes) {
      throw new AciError(`the image unpacks to more than the ${this.#limits.maxBytes} bytes that are allowed`);
    }
    if (this.#entries > this.#limits.maxEntries) {
      throw new AciError(`the image has more than the ${this.#limits.maxEntries} files that are allowed`);
    }
  }
}

/** Opens a layer's tar, decompressed: `maxBytes` of it at most, and no more when `signal` is aborted. To be closed. */
export function openLayer(layer: LayerSource, maxBytes: number, signal: AbortSignal): TarReader {
  return new TarReader(decompress(untilAborted(layer.open(), signal), { maxBytes }));
}

/** The same chunks, and the signal's reason as soon as it is aborted. */
export async function* untilAborted(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted();
    yield chunk;
  }
}

/** Reads a layer's headers and puts them on top of `root`. Tells whether it hides something of a lower layer. */
export async function applyLayer(
  root: DirectoryNode,
  number: number,
  layer: LayerSource,
  allowance: Allowance,
  signal: AbortSignal,
): Promise<boolean> {
  const applier = new LayerApplier(root, number);
  const collection = new GarbageCollection();
  const tar = openLayer(layer, allowance.bytesLeft, signal);
  let ordinal = 0;
  try {
    for (let entry = await tar.next(); entry !== null; entry = tar.tryNext() ?? (await tar.next())) {
      const before = applier.madeDirectories;
      applier.apply(entry, ordinal++);
      allowance.take(entry, applier.madeDirectories - before);
      collection.entry(entry.size);
    }
    await tar.drain();
  } catch (error) {
    throw inLayer(error, number);
  } finally {
    await tar.close();
  }
  return applier.hidesLower;
}

/** An empty root file system. */
export function emptyRoot(): DirectoryNode {
  return new DirectoryNode("", null, 0);
}

/** The same error, telling which layer it came from. What the source threw stays as it is. */
export function inLayer(error: unknown, number: number): unknown {
  const isOurs = error instanceof Error && ["AciError", "TarError", "CompressionError"].includes(error.name);
  if (!isOurs) return error;
  return new AciError(`layer ${number + 1} (1 is the lowest) cannot be converted: ${error.message}`, { cause: error });
}

/** So much content leaves that much garbage behind it: the chunks that it came in. */
const BYTES_PER_COLLECTION = 48 << 20;
/** A file without content leaves about this much. */
const BYTES_PER_ENTRY = 1024;

/**
 * Asks for a garbage collection every so often.
 *
 * Bun's collector lets the heap, and the chunks that hang on it, grow to several times what lives. That suits servers,
 * but a conversion has a bound to keep: for an image of 720 MB in 67,000 files the peak is 140 MiB with this and 200 MiB
 * without it, for a few hundredths of the time.
 */
export class GarbageCollection {
  #bytes = 0;

  /** Tells of one more entry and the bytes of its content. */
  entry(bytes: number): void {
    this.#bytes += bytes + BYTES_PER_ENTRY;
    if (this.#bytes < BYTES_PER_COLLECTION) return;
    this.#bytes = 0;
    Bun.gc(true);
  }
}
