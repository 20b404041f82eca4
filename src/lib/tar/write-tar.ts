import {
  BLOCK_BYTES,
  encodeHeaderBlock,
  type HeaderBlock,
  MAX_OCTAL_12,
  MAX_OCTAL_8,
  splitPath,
} from "./header-block.ts";
import { formatPaxRecords, type PaxRecord } from "./pax-records.ts";
import type { TarEntry, TarEntryType, TarMember, TarTime } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";
import { encodeText } from "./text-bytes.ts";

const TYPE_FLAG: Readonly<Record<TarEntryType, string>> = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  "character-device": "3",
  "block-device": "4",
  directory: "5",
  fifo: "6",
};
const ZEROS = new Uint8Array(2 * BLOCK_BYTES);
/** Headers and small files are handed on in pieces of this size: each piece costs all who take it, whatever its size. */
const PIECE_BYTES = 64 * 1024;

/**
 * Writes an archive in the pax format, plain ustar wherever that can say all.
 *
 * The same members give the same bytes. Directories get the `/` at their end. Bodies stream; holes are not looked for.
 * Throws TarError when a body is not as long as its entry says, or an entry cannot be said in a tar.
 */
export async function* writeTar(members: AsyncIterable<TarMember> | Iterable<TarMember>): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(PIECE_BYTES);
  let filled = 0;
  for await (const part of memberParts(members)) {
    const isLarge = part.length > PIECE_BYTES / 2;
    if (filled > 0 && (isLarge || filled + part.length > PIECE_BYTES)) {
      yield piece.subarray(0, filled);
      piece = new Uint8Array(PIECE_BYTES);
      filled = 0;
    }
    if (isLarge) {
      yield part;
    } else {
      piece.set(part, filled);
      filled += part.length;
    }
  }
  yield piece.subarray(0, filled);
}

async function* memberParts(members: AsyncIterable<TarMember> | Iterable<TarMember>): AsyncGenerator<Uint8Array> {
  for await (const { entry, body } of members) {
    yield encodeMemberHead(entry);
    let written = 0;
    if (body !== null && entry.size > 0) {
      for await (const chunk of body) {
        written += chunk.length;
        if (written > entry.size) break;
        yield chunk;
      }
    }
    if (written !== entry.size) throw wrongLength(entry, written);
    const padding = (BLOCK_BYTES - (written % BLOCK_BYTES)) % BLOCK_BYTES;
    if (padding > 0) yield ZEROS.subarray(0, padding);
  }
  yield ZEROS;
}

function wrongLength(entry: TarEntry, written: number): TarError {
  const more = written > entry.size ? "more" : "only";
  return new TarError(
    `${JSON.stringify(entry.path)} is said to have ${entry.size} bytes, its body gave ${more} ${written}`,
  );
}

/** The headers of a member, pax records first if it needs any. */
export function encodeMemberHead(entry: TarEntry): Uint8Array {
  check(entry);
  const path = entry.type === "directory" && !entry.path.endsWith("/") ? `${entry.path}/` : entry.path;
  const header = headerOf(entry, path);
  const records = recordsFor(entry, path);
  if (records.length === 0) return encodeHeaderBlock(header);
  const pax = formatPaxRecords(records);
  const padded = new Uint8Array(Math.ceil(pax.length / BLOCK_BYTES) * BLOCK_BYTES);
  padded.set(pax);
  const paxHeader = encodeHeaderBlock({
    ...headerOf(entry, "PaxHeaders/member"),
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: pax.length,
    modifiedSeconds: 0,
    typeFlag: "x",
    linkTarget: "",
    userName: "",
    groupName: "",
    deviceMajor: 0,
    deviceMinor: 0,
  });
  return Buffer.concat([paxHeader, padded, encodeHeaderBlock(header)]);
}

function headerOf(entry: TarEntry, path: string): HeaderBlock {
  return {
    path,
    mode: entry.mode,
    uid: entry.uid,
    gid: entry.gid,
    size: entry.size,
    modifiedSeconds: entry.modifiedAt.seconds,
    typeFlag: TYPE_FLAG[entry.type],
    linkTarget: entry.linkTarget,
    userName: entry.userName,
    groupName: entry.groupName,
    deviceMajor: entry.deviceMajor,
    deviceMinor: entry.deviceMinor,
  };
}

/** What the ustar header cannot say. */
function recordsFor(entry: TarEntry, path: string): PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (keyword: string, text: string) => records.push({ keyword, value: encodeText(text) });
  if (splitPath(path) === null) add("path", path);
  if (encodeText(entry.linkTarget).length > 100) add("linkpath", entry.linkTarget);
  if (entry.uid > MAX_OCTAL_8) add("uid", String(entry.uid));
  if (entry.gid > MAX_OCTAL_8) add("gid", String(entry.gid));
  if (encodeText(entry.userName).length > 31) add("uname", entry.userName);
  if (encodeText(entry.groupName).length > 31) add("gname", entry.groupName);
  if (entry.size > MAX_OCTAL_12) add("size", String(entry.size));
  const { seconds, nanoseconds } = entry.modifiedAt;
  if (nanoseconds !== 0 || seconds < 0 || seconds > MAX_OCTAL_12) add("mtime", formatTime(entry.modifiedAt));
  for (const [name, value] of entry.xattrs) records.push({ keyword: `SCHILY.xattr.${name}`, value });
  return records;
}

function formatTime({ seconds, nanoseconds }: TarTime): string {
  if (nanoseconds === 0) return String(seconds);
  const isNegative = seconds < 0;
  const whole = isNegative ? -seconds - 1 : seconds;
  const fraction = String(isNegative ? 1e9 - nanoseconds : nanoseconds)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${isNegative ? "-" : ""}${whole}.${fraction}`;
}

function check(entry: TarEntry): void {
  const fail = (why: string) => new TarError(`${JSON.stringify(entry.path)} cannot be put into a tar: ${why}`);
  if (entry.path === "") throw fail("its path is empty");
  if (/\0/.test(entry.path + entry.linkTarget + entry.userName + entry.groupName)) throw fail("a NUL is in its names");
  if (entry.type !== "file" && entry.size !== 0) throw fail(`a ${entry.type} has no content`);
  if (entry.type === "file" && entry.path.endsWith("/")) throw fail("a file's path must not end with a slash");
  const numbers = [entry.size, entry.uid, entry.gid, entry.deviceMajor, entry.deviceMinor, entry.mode];
  if (numbers.some((n) => !Number.isSafeInteger(n) || n < 0)) throw fail("a number is negative or not whole");
  if (entry.deviceMajor > MAX_OCTAL_8 || entry.deviceMinor > MAX_OCTAL_8) throw fail("its device number is too large");
  for (const name of entry.xattrs.keys()) {
    if (name === "" || name.includes("=") || name.includes("\0")) throw fail(`the xattr name ${JSON.stringify(name)}`);
  }
}
