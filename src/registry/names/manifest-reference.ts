import type { Digest } from "../../oci/digest.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Tag } from "../../oci/tag.ts";

/** What a client names a manifest by within its repository: a tag, or a digest. */
export type ManifestReference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };

/** The manifest that a reference names: its digest goes before its tag. Throws TAG_INVALID when it has neither. */
export function manifestReferenceOf(reference: Reference): ManifestReference {
  const { tag, digest } = reference;
  if (digest !== null) return { kind: "digest", digest };
  if (tag !== null) return { kind: "tag", tag };
  throw new RegistryError("TAG_INVALID", `${formatReference(reference)} has neither tag nor digest`);
}
