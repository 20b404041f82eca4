import {
  BLOCK_BYTES,
  CHECKSUM_BLANKS,
  type HeaderBlock,
  MAX_OCTAL_12,
  MAX_OCTAL_8,
  OWNER_BYTES,
  PATH_BYTES,
  PREFIX_BYTES,
  sumOf,
} from "./header-block.ts";
import { encodeText } from "./text-bytes.ts";

const ZERO = 0x30;
/** `ustar`, a NUL, and the version `00`. */
const MAGIC = Array.from("ustar\x0000", (letter) => letter.charCodeAt(0));

/**
 * Writes a ustar header. Numbers that do not fit are written as the largest that does, texts are cut: whoever needs
 * more puts it into pax records as well.
 */
export function encodeHeaderBlock(header: HeaderBlock): Uint8Array {
  const block = Buffer.alloc(BLOCK_BYTES);
  writeHeaderBlock(header, block, 0);
  return block;
}

/**
 * Writes a ustar header, as `encodeHeaderBlock` does, to where there are zeros in `target`.
 *
 * Images have members by the hundred thousand: digits and names go straight to their places.
 */
export function writeHeaderBlock(header: HeaderBlock, target: Buffer, at: number): void {
  writePath(header.path, target, at);
  writeOctal(header.mode & 0o7777, 7, target, at + 100);
  writeOctal(Math.min(header.uid, MAX_OCTAL_8), 7, target, at + 108);
  writeOctal(Math.min(header.gid, MAX_OCTAL_8), 7, target, at + 116);
  writeOctal(Math.min(header.size, MAX_OCTAL_12), 11, target, at + 124);
  writeOctal(Math.min(Math.max(header.modifiedSeconds, 0), MAX_OCTAL_12), 11, target, at + 136);
  target[at + 156] = header.typeFlag.charCodeAt(0);
  writeText(header.linkTarget, PATH_BYTES, target, at + 157);
  for (let index = 0; index < MAGIC.length; index++) target[at + 257 + index] = MAGIC[index] ?? 0;
  writeText(header.userName, OWNER_BYTES, target, at + 265);
  writeText(header.groupName, OWNER_BYTES, target, at + 297);
  writeOctal(Math.min(header.deviceMajor, MAX_OCTAL_8), 7, target, at + 329);
  writeOctal(Math.min(header.deviceMinor, MAX_OCTAL_8), 7, target, at + 337);
  // The checksum's own field is still zeros.
  writeOctal(CHECKSUM_BLANKS + sumOf(target, at, at + BLOCK_BYTES), 6, target, at + 148);
  target[at + 155] = 0x20;
}

/** Whole numbers below 2^53; those beyond 2^31 have no bitwise arithmetic. */
function writeOctal(value: number, digits: number, target: Buffer, at: number): void {
  let rest = value;
  for (let place = at + digits - 1; place >= at; place--) {
    const above = Math.floor(rest / 8);
    target[place] = ZERO + (rest - 8 * above);
    rest = above;
  }
}

function writePath(path: string, target: Buffer, at: number): void {
  const split = Buffer.byteLength(path) <= PATH_BYTES ? null : splitPath(path);
  if (split === null) {
    writeText(path, PATH_BYTES, target, at);
  } else {
    target.set(split.name, at);
    target.set(split.prefix, at + 345);
  }
}

function writeText(text: string, length: number, target: Buffer, at: number): void {
  if (text === "") return;
  if (text.isWellFormed()) target.write(text, at, length);
  else target.set(encodeText(text).subarray(0, length), at);
}

/** The path in the two fields that ustar has for it, or null when it does not fit. */
export function splitPath(path: string): { name: Uint8Array; prefix: Uint8Array } | null {
  const bytes = encodeText(path);
  if (bytes.length <= PATH_BYTES) return { name: bytes, prefix: bytes.subarray(0, 0) };
  // The last slash that leaves a prefix which fits; a name must stay behind it.
  const slash = bytes.subarray(0, PREFIX_BYTES + 1).lastIndexOf(0x2f, bytes.length - 2);
  if (slash <= 0 || bytes.length - slash - 1 > PATH_BYTES) return null;
  return { name: bytes.subarray(slash + 1), prefix: bytes.subarray(0, slash) };
}
