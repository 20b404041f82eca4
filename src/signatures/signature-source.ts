import type { Digest } from "../oci/digest.ts";
import type { Tag } from "../oci/tag.ts";

/** A manifest that may hold signatures. */
export type SourceManifest = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/** What a repository has of signatures. Absence is null or an empty list; what cannot be asked throws. */
export interface SignatureSource {
  /** The manifest under a tag, as cosign's `sha256-HEX.sig`. */
  tagged(tag: Tag): Promise<SourceManifest | null>;
  /** The manifests that refer to `subject`, `limit` at most: those that may be signatures before others. */
  referrers(subject: Digest, limit: number): Promise<readonly SourceManifest[]>;
  /** A blob of at most `limitBytes`; null when it is larger, too. */
  blob(digest: Digest, limitBytes: number): Promise<Uint8Array | null>;
}
