import type { Digest } from "../../oci/digest.ts";
import type { Tag } from "../../oci/tag.ts";

/** What a client names a manifest by. */
export type ManifestReference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };
