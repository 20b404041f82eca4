import { quoteBriefly } from "./digest.ts";
import { RegistryError } from "./registry-error.ts";

declare const tagBrand: unique symbol;
/** A tag: a word character, then at most 127 word characters, dots and dashes (distribution-spec v1.1.1). */
export type Tag = string & { readonly [tagBrand]: true };

const PATTERN = /^\w[\w.-]{0,127}$/;

/** The tag that `text` spells, or null when the grammar forbids it. */
export function tryParseTag(text: string): Tag | null {
  return PATTERN.test(text) ? (text as Tag) : null;
}

/** The tag that `text` spells. Throws TAG_INVALID. */
export function parseTag(text: string): Tag {
  const tag = tryParseTag(text);
  if (tag === null) {
    throw new RegistryError(
      "TAG_INVALID",
      `the tag ${quoteBriefly(text)} is not valid: it must begin with a letter, digit or underscore and hold at most 128 letters, digits, underscores, dots and dashes`,
    );
  }
  return tag;
}
