import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import type { ManifestContent } from "../oci/image-reader.ts";
import type { Referrer } from "../oci/referrers.ts";

/**
 * An image that a source holds. `name` is what the source calls it: a reference, a tag alone (an OCI layout may know no
 * more), or null. `digest` is that of its manifest or index; `isBuilt` tells that the source holds the image without a
 * manifest, so that one had to be made for it.
 */
export type SourceImage = { readonly name: string | null; readonly digest: Digest; readonly isBuilt: boolean };

/** A blob that can be read from any offset, and more than once. Its bytes are not checked here. */
export type SourceBlob = {
  readonly sizeBytes: number;
  stream(offset: number): Promise<ReadableStream<Uint8Array>>;
};

/** Where images come from. Absence is null, every failure throws. */
export interface ImageSource {
  /** For messages, as `parseLocation` reads it. */
  readonly location: string;
  /** The images that the location names, at least one; throws MANIFEST_UNKNOWN when there are none. */
  images(): Promise<readonly SourceImage[]>;
  /** Its bytes are checked. */
  manifest(digest: Digest): Promise<ManifestContent | null>;
  blob(descriptor: Descriptor): Promise<SourceBlob | null>;
  referrers(digest: Digest): Promise<readonly Referrer[]>;
  /** Gives back files and connections. Safe to call twice. */
  close(): Promise<void>;
}
