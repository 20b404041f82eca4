import { algorithmOf, type Digest, hexOf, tryParseDigest } from "./digest.ts";
import type { Tag } from "./tag.ts";

/** The tags under which cosign keeps signatures, attestations and SBOMs: `sha256-<hex>` and one of these. */
export const COSIGN_SUFFIXES = [".sig", ".att", ".sbom"] as const;

/**
 * `sha256-<hex>`: the tag that lists referrers where there is no API; of a longer digest the first 64 digits. Source:
 * distribution-spec v1.1.1, "Referrers Tag Schema".
 */
export function fallbackTag(digest: Digest): Tag {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}` as Tag;
}

/** What a tag of one of the two kinds above is attached to; null for any other tag, and for one that was cut. */
export function parseAttachmentTag(tag: string): { readonly subject: Digest; readonly isFallback: boolean } | null {
  const match = /^(sha256|sha512)-([0-9a-f]+)(\.[a-z]+)?$/.exec(tag);
  const subject = match === null ? null : tryParseDigest(`${match[1]}:${match[2]}`);
  const suffix = match?.[3];
  if (subject === null || !(suffix === undefined || COSIGN_SUFFIXES.some((known) => known === suffix))) return null;
  return { subject, isFallback: suffix === undefined };
}
