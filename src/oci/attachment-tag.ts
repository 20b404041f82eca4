import { tryParseDigest, type Digest } from "./digest.ts";
import { referrersTag } from "./referrers-tag.ts";
import type { Tag } from "./tag.ts";

/** The endings of tags under which cosign keeps signatures, attestations and SBOMs: they follow the referrers tag. */
export const COSIGN_SUFFIXES = [".sig", ".att", ".sbom"] as const;

/** A tag that says what it is attached to. */
export type AttachmentTag = {
  /** `referrersTag` of what it is attached to. */
  readonly subjectTag: Tag;
  /** What it is attached to; null when the tag holds only the beginning of its digest. */
  readonly subject: Digest | null;
  /** Does it lead to an index of referrers, rather than to the one that is attached? */
  readonly isReferrersTag: boolean;
};

/** What a tag of the referrers tag schema, or of cosign, is attached to; null for any other tag. */
export function parseAttachmentTag(tag: string): AttachmentTag | null {
  const match = /^((sha256|sha512)-([0-9a-f]{64}))(\.[a-z]+)?$/.exec(tag);
  if (match === null) return null;
  const [, subjectTag, algorithm, hex, suffix] = match;
  if (!(suffix === undefined || COSIGN_SUFFIXES.some((known) => known === suffix))) return null;
  return {
    subjectTag: subjectTag as Tag,
    subject: tryParseDigest(`${algorithm}:${hex}`),
    isReferrersTag: suffix === undefined,
  };
}

/** The tags that are attached to a manifest, if they are there: the referrers tag first, then those of cosign. */
export function attachmentTagsOf(subject: Digest): readonly [Tag, ...Tag[]] {
  const base = referrersTag(subject);
  return [base, ...COSIGN_SUFFIXES.map((suffix) => `${base}${suffix}` as Tag)];
}
