/**
 * The text of a token, as people and scanners for secrets know it:
 *
 * ```
 * larder_ RRRRRRRRRRRRRRRRRRRRRRRRRRRRRR CCCCCC
 *         30 letters and digits at       CRC-32 of what is before it, in base 62, padded with zeros:
 *         random, 178 bits               who finds one can tell it from what only looks like one
 * ```
 *
 * As a regular expression: `larder_[0-9A-Za-z]{36}`.
 */
import { createHash, randomInt } from "node:crypto";

const PREFIX = "larder_";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const RANDOM_CHARACTERS = 30;
const CHECKSUM_CHARACTERS = 6;
const ID_CHARACTERS = 9;

/** A new token. Nobody else will ever have it. */
export function newTokenText(): string {
  const random = Array.from({ length: RANDOM_CHARACTERS }, () => DIGITS[randomInt(DIGITS.length)]).join("");
  return `${PREFIX}${random}${checksumOf(PREFIX + random)}`;
}

/** A new name for a token where its text must not stand: in capitals, as no token's name is. */
export function newTokenId(): string {
  return `T${Array.from({ length: ID_CHARACTERS }, () => DIGITS[randomInt(36)]).join("")}`;
}

/** Does it begin like one of larder's tokens? */
export function looksLikeToken(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** Has it the form and the checksum of a token? If not, it was cut or mistyped, and nobody has to look for it. */
export function isTokenText(text: string): boolean {
  const length = PREFIX.length + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS;
  if (text.length !== length || !/^larder_[0-9A-Za-z]+$/.test(text)) return false;
  return checksumOf(text.slice(0, -CHECKSUM_CHARACTERS)) === text.slice(-CHECKSUM_CHARACTERS);
}

/**
 * What a store keeps of a token: its SHA-256, in hexadecimal. It is looked up by this, so that no comparison of secrets takes
 * time by what they have in common.
 */
export function hashOfToken(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function checksumOf(text: string): string {
  let rest = Bun.hash.crc32(text);
  let digits = "";
  for (; rest > 0; rest = Math.floor(rest / DIGITS.length)) digits = `${DIGITS[rest % DIGITS.length]}${digits}`;
  return digits.padStart(CHECKSUM_CHARACTERS, "0");
}
