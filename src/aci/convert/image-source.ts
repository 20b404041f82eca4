import type { Digest } from "../../oci/digest.ts";

/** What a conversion needs of an image. Whoever has images (the storage, an archive, a registry) gives this. */
export type ImageSource = {
  /** The digest of the image's manifest; null where there is none (a Docker archive). */
  readonly manifestDigest: Digest | null;
  /** The config document: `application/vnd.oci.image.config.v1+json` or Docker's. */
  readonly config: Uint8Array;
  /** From the bottom up. */
  readonly layers: readonly LayerSource[];
};

/** A layer's tar, plain or compressed in any way that `decompress` reads. It is opened twice, for the same bytes. */
export type LayerSource = { open(): AsyncIterable<Uint8Array> };
