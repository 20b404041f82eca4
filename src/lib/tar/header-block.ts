/**
 * The 512-byte header that every member of a tar archive begins with.
 *
 *     0 name 100 · 100 mode 8 · 108 uid 8 · 116 gid 8 · 124 size 12 · 136 mtime 12 · 148 checksum 8 · 156 type 1
 *     157 linkname 100 · 257 magic 6 · 263 version 2 · 265 uname 32 · 297 gname 32 · 329 devmajor 8 · 337 devminor 8
 *     345 prefix 155 (ustar) · 386 sparse map 4 × 24 · 482 is extended 1 · 483 real size 12 (old GNU sparse)
 *
 * Numbers are octal digits, or base 256 when the first byte has its top bit set (GNU, star).
 * Source: POSIX.1-2017 pax, "ustar Interchange Format"; libarchive's tar(5), "GNU Tar Archives".
 */
import { TarError } from "./tar-error.ts";
import { decodeText } from "./text-bytes.ts";

/** Headers and contents fill whole blocks of this size. */
export const BLOCK_BYTES = 512;

/** The fields of a header as they stand. `typeFlag` is the character, NUL included. */
export type HeaderBlock = {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modifiedSeconds: number;
  readonly typeFlag: string;
  readonly linkTarget: string;
  readonly userName: string;
  readonly groupName: string;
  readonly deviceMajor: number;
  readonly deviceMinor: number;
};

/** The largest values that octal digits hold in fields of 8 and of 12 bytes. */
export const MAX_OCTAL_8 = 0o7777777;
export const MAX_OCTAL_12 = 0o77777777777;

const USTAR = Array.from("ustar", (letter) => letter.charCodeAt(0));
/** How long a path may be in its field, and what stands before its last part in the field for that. */
export const PATH_BYTES = 100;
export const PREFIX_BYTES = 155;
/** How long the name of a user or a group may be; a NUL ends it. */
export const OWNER_BYTES = 31;
const decoder = new TextDecoder("latin1");

/** Is this block all zeros, the mark of an archive's end? */
export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Reads a header. `where` is for the message of the TarError that a wrong checksum or number throws. */
export function decodeHeaderBlock(block: Uint8Array, where: string): HeaderBlock {
  checkChecksum(block, where);
  const known = USTAR.every((byte, at) => block[257 + at] === byte);
  const isPosix = known && block[262] === 0; // GNU's own format has a space there, and other fields for the prefix
  const prefix = isPosix ? textField(block, 345, PREFIX_BYTES) : "";
  const name = textField(block, 0, PATH_BYTES);
  return {
    path: prefix === "" ? name : `${prefix}/${name}`,
    mode: numberField(block, 100, 8, where),
    uid: numberField(block, 108, 8, where),
    gid: numberField(block, 116, 8, where),
    size: numberField(block, 124, 12, where),
    modifiedSeconds: numberField(block, 136, 12, where),
    typeFlag: String.fromCharCode(block[156] ?? 0),
    linkTarget: textField(block, 157, PATH_BYTES),
    userName: known ? textField(block, 265, 32) : "",
    groupName: known ? textField(block, 297, 32) : "",
    deviceMajor: known ? numberField(block, 329, 8, where) : 0,
    deviceMinor: known ? numberField(block, 337, 8, where) : 0,
  };
}

// The two readers of fields work on the block's own bytes: views of it, twenty a member, would cost more than all else.

/** The number in a field of octal digits or base 256. An empty field is 0. Throws TarError. */
export function numberField(block: Uint8Array, offset: number, length: number, where: string): number {
  const isBinary = ((block[offset] ?? 0) & 0x80) !== 0;
  const value = isBinary ? base256(block.subarray(offset, offset + length)) : octal(block, offset, offset + length);
  if (value !== null && Number.isSafeInteger(value)) return value;
  const field = decoder.decode(block.subarray(offset, offset + length));
  throw new TarError(`${where} holds a number that is not valid: ${JSON.stringify(field)}`);
}

/** Digits between NULs and spaces; what follows those behind the digits does not count. */
function octal(block: Uint8Array, start: number, end: number): number | null {
  const isBlank = (byte: number | undefined) => byte === 0 || byte === 0x20;
  let at = start;
  while (at < end && isBlank(block[at])) at++;
  let value = 0;
  for (; at < end && !isBlank(block[at]); at++) {
    const digit = (block[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) return null;
    value = value * 8 + digit;
  }
  return value;
}

/** Two's complement, big-endian, the top bit of the first byte being the mark and the next one the sign. */
function base256(field: Uint8Array): number {
  const isNegative = ((field[0] ?? 0) & 0x40) !== 0;
  let value = BigInt((field[0] ?? 0) & 0x3f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  return Number(isNegative ? value - (1n << BigInt(8 * field.length - 2)) : value);
}

function textField(block: Uint8Array, offset: number, length: number): string {
  let end = offset;
  let isAscii = true;
  for (; end < offset + length && block[end] !== 0; end++) isAscii &&= (block[end] ?? 0) < 0x80;
  if (end === offset) return "";
  return isAscii ? Buffer.prototype.latin1Slice.call(block, offset, end) : decodeText(block.subarray(offset, end));
}

/** Does the block's checksum fit the block? Whatever else it holds: readers differ in the numbers that they take. */
export function hasRightChecksum(block: Uint8Array): boolean {
  try {
    checkChecksum(block, "a block");
    return true;
  } catch (error) {
    if (error instanceof TarError) return false;
    throw error;
  }
}

function checkChecksum(block: Uint8Array, where: string): void {
  const stored = numberField(block, 148, 8, where);
  const sum = CHECKSUM_BLANKS + sumOf(block, 0, 148) + sumOf(block, 156, BLOCK_BYTES);
  if (stored === sum) return;
  // Old tars on machines with signed characters summed those.
  const negative = block.reduce((count, byte, at) => count + (byte > 127 && (at < 148 || at >= 156) ? 1 : 0), 0);
  if (stored === sum - 256 * negative) return;
  throw new TarError(`${where} is not a tar header: its checksum is ${stored}, its content sums up to ${sum}`);
}

/** What the checksum's own field counts: eight spaces. */
export const CHECKSUM_BLANKS = 8 * 0x20;

/** The sum of the bytes from `start` up to `end`. */
export function sumOf(bytes: Uint8Array, start: number, end: number): number {
  let sum = 0;
  for (let at = start; at < end; at++) sum += bytes[at] ?? 0;
  return sum;
}
