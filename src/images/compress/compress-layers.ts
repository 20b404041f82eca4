import type { FileHandle } from "node:fs/promises";
import { gzip } from "../../lib/compression/gzip.ts";
import { zstd } from "../../lib/compression/zstd.ts";
import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, Digester, digestOf } from "../../oci/digest.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import type { CopyEvent } from "../copy/copy-image.ts";
import { readManifest } from "../copy/manifest-tree.ts";
import { narrowImage } from "../copy/narrow-image.ts";
import { verifiedBlob } from "../copy/verified-blob.ts";
import { readFileRange } from "../files/read-file-range.ts";
import { type Spool, spoolPieces } from "../files/spool-file.ts";
import { streamFrom } from "../files/stream-from.ts";
import type { ImageSource, SourceBlob, SourceImage } from "../image-source.ts";
import { openBlob } from "../open-blob.ts";
import { formatRawIndex, parseRawIndex } from "../raw-index.ts";
import {
  compressedManifest,
  type CompressedLayer,
  isPlainLayer,
  type LayerCompression,
} from "./compressed-manifest.ts";

/** An event of a layer's compression; a compressed one has `sizeBytes` now. */
export type CompressEvent =
  | Exclude<CopyEvent, { readonly kind: "blob-ends" }>
  | { readonly kind: "blob-compressed"; readonly digest: Digest; readonly sizeBytes: number };

/** How, and with how many threads, layers are compressed; where they are kept until they have been copied. */
export type CompressOptions = {
  readonly compression: LayerCompression;
  readonly level: number;
  readonly tasks: number;
  readonly spool: Spool;
  readonly work: Work;
  readonly onEvent: (event: CompressEvent) => void;
};

/** An image whose plain layers are compressed, in a source of its own, which leaves the one that it came from open. */
export type CompressedImage = { readonly source: ImageSource; readonly image: SourceImage; readonly layers: number };

/**
 * Compresses the plain layers of the selected part of an image. What is compressed already stays as it is; when that is all,
 * so does the image. Its manifests are new ones, to which nothing refers.
 */
export async function compressLayers(
  source: ImageSource,
  image: SourceImage,
  selection: PlatformSelection,
  options: CompressOptions,
): Promise<CompressedImage> {
  const compressor = new LayerCompressor(source, options);
  try {
    const chosen = await narrowImage(source, await readManifest(source, image.digest), selection, options.work);
    const root = await compressor.compress(chosen);
    const isChanged = root.digest !== chosen.digest;
    const { name, isBuilt } = image;
    return {
      source: compressor.asSource(chosen),
      image: { name, digest: root.digest, isBuilt: isBuilt && !isChanged },
      layers: compressor.count,
    };
  } catch (error) {
    await compressor.close();
    throw error;
  }
}

class LayerCompressor {
  readonly #source: ImageSource;
  readonly #options: CompressOptions;
  readonly #layers = new Map<Digest, CompressedLayer>();
  readonly #files = new Map<Digest, FileHandle>();
  readonly #manifests = new Map<Digest, ManifestContent>();

  constructor(source: ImageSource, options: CompressOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Layers that were compressed. */
  get count(): number {
    return this.#layers.size;
  }

  /** The manifest, or index, with compressed layers. What an index lists and the source lacks stays as it is. */
  async compress(content: ManifestContent): Promise<ManifestContent> {
    const made = isIndexType(content.mediaType)
      ? await this.#compressIndex(content)
      : await this.#compressImage(content);
    this.#manifests.set(made.digest, made);
    return made;
  }

  async #compressIndex(content: ManifestContent): Promise<ManifestContent> {
    const index = parseRawIndex(content.bytes);
    const now = new Map<string, Pick<ManifestContent, "digest" | "mediaType" | "bytes">>();
    for (const { digest } of parseManifest(content.bytes, content.mediaType).manifests) {
      const listed = await this.#source.manifest(digest);
      const made = listed === null ? null : await this.compress(listed);
      if (made !== null && made.digest !== digest) now.set(digest, made);
    }
    if (now.size === 0) return content;
    const manifests = index.manifests.map((entry) => {
      const made = now.get(entry.digest);
      const annotations = entry.annotations == null ? {} : { annotations: renamed(entry.annotations, now) };
      const { digest, mediaType, bytes } = made ?? {};
      return {
        ...entry,
        ...annotations,
        ...(made === undefined ? {} : { digest, mediaType, size: bytes?.byteLength }),
      };
    });
    const bytes = formatRawIndex({ ...index, manifests } as typeof index);
    return { ...content, bytes, digest: digestOf(bytes) };
  }

  async #compressImage(content: ManifestContent): Promise<ManifestContent> {
    const plain = parseManifest(content.bytes, content.mediaType).layers.filter((layer) =>
      isPlainLayer(layer.mediaType),
    );
    if (plain.length === 0) return content;
    for (const layer of plain) if (!this.#layers.has(layer.digest)) await this.#compressLayer(layer);
    return compressedManifest(content, this.#layers, this.#options.compression);
  }

  async #compressLayer(layer: Descriptor): Promise<void> {
    const { compression, level, tasks, spool, work, onEvent } = this.#options;
    const { digest, size } = layer;
    const blob = verifiedBlob(layer, await openBlob(this.#source, layer), this.#source.location, (doneBytes) => {
      spool.signal.throwIfAborted();
      onEvent({ kind: "blob-bytes", digest, doneBytes });
    });
    onEvent({ kind: "blob-begins", digest, sizeBytes: size });
    const pack = compression === "zstd" ? zstd : gzip;
    const digester = new Digester("sha256");
    let sizeBytes = 0;
    const packed = async function* () {
      for await (const piece of pack(await blob.open(0), { level, tasks })) {
        digester.update(piece);
        sizeBytes += piece.length;
        yield piece;
        await work.rest();
      }
    };
    const file = await spoolPieces(spool, packed(), `the compressed layers of ${this.#source.location}`);
    const now = { digest: digester.digest(), size: sizeBytes };
    // Another layer may have the same content.
    await this.#files.get(now.digest)?.close();
    this.#files.set(now.digest, file);
    this.#layers.set(digest, now);
    onEvent({ kind: "blob-compressed", digest, sizeBytes });
  }

  /** A source of what was made, and of what stayed as it is. `chosen`: what it was made of. */
  asSource(chosen: ManifestContent): ImageSource {
    return {
      ...this.#source,
      images: () => Promise.reject(new TypeError("the image is known")),
      manifest: async (digest) => {
        if (digest === chosen.digest) return chosen;
        return this.#manifests.get(digest) ?? this.#source.manifest(digest);
      },
      blob: async (descriptor) => this.#blob(descriptor) ?? this.#source.blob(descriptor),
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
    this.#files.clear();
  }

  #blob({ digest, size }: Descriptor): SourceBlob | null {
    const file = this.#files.get(digest);
    if (file === undefined) return null;
    return { sizeBytes: size, stream: async (offset) => streamFrom(readFileRange(file, offset, size - offset)) };
  }
}

/** BuildKit's attestations name the manifest that they are for in an annotation. */
function renamed(
  annotations: Readonly<Record<string, string>>,
  now: ReadonlyMap<string, { readonly digest: Digest }>,
): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).map(([key, value]) => [key, now.get(value)?.digest ?? value]));
}
