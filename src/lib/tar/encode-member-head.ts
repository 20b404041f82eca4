import { splitPath, writeHeaderBlock } from "./encode-header-block.ts";
import { BLOCK_BYTES, type HeaderBlock, MAX_OCTAL_12, MAX_OCTAL_8, OWNER_BYTES, PATH_BYTES } from "./header-block.ts";
import { formatPaxRecords, type PaxRecord } from "./pax-records.ts";
import type { TarEntry, TarEntryType, TarTime } from "./tar-entry.ts";
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

/** The headers of a member, pax records first if it needs any. Throws TarError for an entry that a tar cannot say. */
export function encodeMemberHead(entry: TarEntry): Uint8Array {
  check(entry);
  const path = pathIn(entry);
  const block = Buffer.alloc(BLOCK_BYTES);
  writeHeaderBlock(headerOf(entry, path), block, 0);
  const records = recordsFor(entry, path);
  return records.length === 0 ? block : Buffer.concat([paxHeaders(records), block]);
}

/**
 * Writes a member's only header to where there are zeros in `target`. Returns false, and writes nothing, when it needs
 * more than that one: see `encodeMemberHead`. Throws TarError.
 */
export function tryWriteMemberHead(entry: TarEntry, target: Buffer, at: number): boolean {
  check(entry);
  const path = pathIn(entry);
  if (recordsFor(entry, path).length > 0) return false;
  writeHeaderBlock(headerOf(entry, path), target, at);
  return true;
}

function pathIn({ type, path }: TarEntry): string {
  return type === "directory" && !path.endsWith("/") ? `${path}/` : path;
}

function paxHeaders(records: readonly PaxRecord[]): Uint8Array {
  const pax = formatPaxRecords(records);
  const headers = Buffer.alloc(BLOCK_BYTES + Math.ceil(pax.length / BLOCK_BYTES) * BLOCK_BYTES);
  writeHeaderBlock({ ...PAX_HEADER, size: pax.length }, headers, 0);
  headers.set(pax, BLOCK_BYTES);
  return headers;
}

const PAX_HEADER: Omit<HeaderBlock, "size"> = {
  path: "PaxHeaders/member",
  mode: 0o644,
  uid: 0,
  gid: 0,
  modifiedSeconds: 0,
  typeFlag: "x",
  linkTarget: "",
  userName: "",
  groupName: "",
  deviceMajor: 0,
  deviceMinor: 0,
};

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
  if (isLonger(path, PATH_BYTES) && splitPath(path) === null) add("path", path);
  if (isLonger(entry.linkTarget, PATH_BYTES)) add("linkpath", entry.linkTarget);
  if (entry.uid > MAX_OCTAL_8) add("uid", String(entry.uid));
  if (entry.gid > MAX_OCTAL_8) add("gid", String(entry.gid));
  if (isLonger(entry.userName, OWNER_BYTES)) add("uname", entry.userName);
  if (isLonger(entry.groupName, OWNER_BYTES)) add("gname", entry.groupName);
  if (entry.size > MAX_OCTAL_12) add("size", String(entry.size));
  const { seconds, nanoseconds } = entry.modifiedAt;
  if (nanoseconds !== 0 || seconds < 0 || seconds > MAX_OCTAL_12) add("mtime", formatTime(entry.modifiedAt));
  for (const [name, value] of entry.xattrs) records.push({ keyword: `SCHILY.xattr.${name}`, value });
  return records;
}

/** Has the text more bytes than that? The runtime's count is never too low, so most texts are not encoded for it. */
function isLonger(text: string, bytes: number): boolean {
  return Buffer.byteLength(text) > bytes && encodeText(text).length > bytes;
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
  const why = whyImpossible(entry);
  if (why !== null) throw new TarError(`${JSON.stringify(entry.path)} cannot be put into a tar: ${why}`);
}

function whyImpossible(entry: TarEntry): string | null {
  const { path, type, size, uid, gid, mode, deviceMajor, deviceMinor } = entry;
  if (path === "") return "its path is empty";
  if (hasNul(path) || hasNul(entry.linkTarget) || hasNul(entry.userName) || hasNul(entry.groupName)) {
    return "a NUL is in its names";
  }
  if (type !== "file" && size !== 0) return `a ${type} has no content`;
  if (type === "file" && path.endsWith("/")) return "a file's path must not end with a slash";
  if (
    !(isCount(size) && isCount(uid) && isCount(gid) && isCount(mode) && isCount(deviceMajor) && isCount(deviceMinor))
  ) {
    return "a number is negative or not whole";
  }
  if (deviceMajor > MAX_OCTAL_8 || deviceMinor > MAX_OCTAL_8) return "its device number is too large";
  for (const name of entry.xattrs.keys()) {
    if (name === "" || name.includes("=") || hasNul(name)) return `the xattr name ${JSON.stringify(name)}`;
  }
  return null;
}

function hasNul(text: string): boolean {
  return text.includes("\0");
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
