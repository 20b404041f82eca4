import { type Digest, tryParseDigest } from "../oci/digest.ts";
import { formatReference, parseReference, type Reference } from "../oci/reference.ts";

/** The tags under which cosign keeps signatures, attestations and SBOMs: `sha256-<hex>` and one of these. */
export const COSIGN_SUFFIXES = [".sig", ".att", ".sbom"] as const;

/** `sha256-<hex>`: the tag that lists referrers where there is no API. Source: distribution-spec v1.1.1. */
export function fallbackTag(digest: Digest): string {
  return digest.replace(":", "-");
}

/** What a tag of one of the two kinds above is attached to; null for any other tag. */
export function parseAttachmentTag(tag: string): { readonly subject: Digest; readonly isFallback: boolean } | null {
  const match = /^(sha256|sha512)-([0-9a-f]+)(\.[a-z]+)?$/.exec(tag);
  const subject = match === null ? null : tryParseDigest(`${match[1]}:${match[2]}`);
  const suffix = match?.[3];
  if (subject === null || !(suffix === undefined || COSIGN_SUFFIXES.some((known) => known === suffix))) return null;
  return { subject, isFallback: suffix === undefined };
}

/** The reference that an image's name in an archive or layout spells; null for a tag alone, or anything else. */
export function tryParseImageName(name: string): Reference | null {
  // A tag alone could be read as a name of Docker Hub's, which it is not.
  if (!/[/:@]/.test(name)) return null;
  try {
    return parseReference(name);
  } catch {
    // Annotations hold what people put there: it is no reference, and so the same as none.
    return null;
  }
}

/** Do two spellings name the same image, as `nginx:1` and `docker.io/library/nginx:1` do? */
export function isSameImage(a: string, b: string): boolean {
  if (a === b) return true;
  const [left, right] = [tryParseImageName(a), tryParseImageName(b.includes(":") ? b : `${b}:latest`)];
  return left !== null && right !== null && formatReference(left) === formatReference(right);
}

/** The tag at the end of a name, or the name itself where it is a tag alone; null without one. */
export function tagOf(name: string): string | null {
  return /[/:@]/.test(name) ? (tryParseImageName(name)?.tag ?? null) : name;
}
