import { algorithmOf, type Digest, hexOf } from "./digest.ts";
import type { Tag } from "./tag.ts";

/** A tag has 128 characters at most; of a longer digest the rest is left out. */
const HEX_DIGITS = 64;

/**
 * The tag under which the index of what refers to a manifest is kept where a registry has no referrers API:
 * `sha256-HEX`, of a sha512 digest its first 64 digits. Both names of algorithms are shorter than the 32 characters that
 * the schema allows, and hold nothing that a tag may not.
 *
 * Source: distribution-spec v1.1.1, "Referrers Tag Schema".
 */
export function referrersTag(subject: Digest): Tag {
  return `${algorithmOf(subject)}-${hexOf(subject).slice(0, HEX_DIGITS)}` as Tag;
}
