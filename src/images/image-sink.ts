import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ManifestContent } from "../oci/image-reader.ts";

/**
 * A blob to store. What `open(0)` gives fails at its last piece when the content is not what `digest` and `sizeBytes`
 * say, so that a sink that keeps only what ended well keeps only good blobs. A stream opened further on is checked for
 * its length alone: only a sink that checks the digest itself may use one.
 */
export type BlobToPut = {
  readonly digest: Digest;
  readonly sizeBytes: number;
  open(offset: number): Promise<ReadableStream<Uint8Array>>;
};

/** How a blob came to be in a sink: it was there, came from another repository of that registry, or was sent. */
export type BlobOutcome = "present" | "mounted" | "copied";

/**
 * Where images go. Each is announced (`accept`), before anything is put. Blobs come first, in any order and side by side, then the manifests that are listed by others, and
 * at last each image. What is in a sink can be seen under a name only after `putImage`, in a file only after `close`.
 */
export interface ImageSink {
  /** For messages, as `parseLocation` reads it. */
  readonly location: string;
  /**
   * Throws UNSUPPORTED for an image that has no place here. `manifests` are its own, children first and the root last;
   * `absent` its layers that will not come.
   */
  accept(manifests: readonly ManifestContent[], absent: readonly Descriptor[]): Promise<void>;
  putBlob(blob: BlobToPut): Promise<BlobOutcome>;
  /** Stores a manifest under its digest, and under `tag` when there is one. Its blobs are there already. */
  putManifest(manifest: ManifestContent, tag: string | null): Promise<void>;
  /**
   * Stores an image: its root manifest, under the name that the sink's location gives or else `name` (as in
   * `SourceImage`). Hands back the name that it is found under, null when only its digest finds it.
   */
  putImage(manifest: ManifestContent, name: string | null): Promise<string | null>;
  /** Makes everything durable and visible. */
  close(): Promise<void>;
  /** Gives up: takes away what was not finished. Safe to call after a failed `close`. */
  abort(): Promise<void>;
}
