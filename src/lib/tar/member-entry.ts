import type { HeaderBlock } from "./header-block.ts";
import type { PaxRecord } from "./pax-records.ts";
import type { TarEntry, TarEntryType, TarTime } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";
import { decodeText } from "./text-bytes.ts";

const TYPES: Readonly<Record<string, TarEntryType>> = {
  "\0": "file",
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character-device",
  "4": "block-device",
  "5": "directory",
  "6": "fifo",
  "7": "file", // contiguous: a file
  D: "directory", // GNU incremental: a directory, its data a list of names
  S: "file", // old GNU sparse
};

/** Links, devices, directories and fifos have no data, whatever their size says. */
const TYPES_WITH_DATA: ReadonlySet<string> = new Set(["\0", "0", "7", "D", "S"]);

/** The entry that a header alone tells of; `path` may be another one. */
function entryOf(header: HeaderBlock, path: string, where: string): TarEntry {
  const flag = header.typeFlag;
  const isDevice = flag === "3" || flag === "4";
  return {
    path,
    type: memberType(flag, path, where),
    mode: header.mode & 0o7777,
    uid: header.uid,
    gid: header.gid,
    userName: header.userName,
    groupName: header.groupName,
    modifiedAt: { seconds: header.modifiedSeconds, nanoseconds: 0 },
    size: TYPES_WITH_DATA.has(flag) ? header.size : 0,
    linkTarget: flag === "1" || flag === "2" ? header.linkTarget : "",
    deviceMajor: isDevice ? header.deviceMajor : 0,
    deviceMinor: isDevice ? header.deviceMinor : 0,
    xattrs: NO_XATTRS,
  };
}

/**
 * What a header and the pax records before it say of a member; the size is that of the data that is stored. `where` is for
 * the message of the TarError that a wrong one throws.
 */
export function applyRecords(header: HeaderBlock, records: readonly PaxRecord[], where: string): TarEntry {
  if (records.length === 0) return entryOf(header, header.path, where);
  const values = new Map<string, Uint8Array>();
  for (const { keyword, value } of records) {
    if (value.length === 0 && !keyword.startsWith(XATTR)) values.delete(keyword);
    else values.set(keyword, value);
  }
  const text = (keyword: string, fallback: string) => {
    const value = values.get(keyword);
    return value === undefined ? fallback : decodeText(value);
  };
  const number = (keyword: string, fallback: number) => {
    const value = values.get(keyword);
    return value === undefined ? fallback : decimal(decodeText(value), keyword, where);
  };
  const mtime = values.get("mtime");
  const plain = entryOf(header, text("GNU.sparse.name", text("path", header.path)), where);
  const size = number("size", header.size);
  const linkTarget = text("linkpath", header.linkTarget);
  return {
    ...plain,
    uid: number("uid", header.uid),
    gid: number("gid", header.gid),
    userName: text("uname", header.userName),
    groupName: text("gname", header.groupName),
    modifiedAt: mtime === undefined ? plain.modifiedAt : time(mtime, where),
    size: TYPES_WITH_DATA.has(header.typeFlag) ? size : 0,
    linkTarget: plain.type === "symlink" || plain.type === "hardlink" ? linkTarget : "",
    xattrs: xattrsOf(values),
  };
}

const XATTR = "SCHILY.xattr.";

/** Shared: an archive may have a million members, few of them with attributes. */
const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function xattrsOf(values: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, Uint8Array> {
  if (values.size === 0) return NO_XATTRS;
  const xattrs = new Map<string, Uint8Array>();
  for (const [keyword, value] of values) {
    if (keyword.startsWith(XATTR)) xattrs.set(keyword.slice(XATTR.length), value);
  }
  return xattrs;
}

function memberType(typeFlag: string, path: string, where: string): TarEntryType {
  const type = TYPES[typeFlag];
  if (type === undefined) {
    throw new TarError(
      `${JSON.stringify(path)} (${where}) is of the type ${JSON.stringify(typeFlag)}, which is unknown`,
    );
  }
  // Tars from before directories had a type of their own mark them by a slash.
  return type === "file" && path.endsWith("/") ? "directory" : type;
}

/** The whole number that a record holds. Throws TarError. */
export function decimal(text: string, keyword: string, where: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new TarError(`${where}: ${keyword} is ${JSON.stringify(text.slice(0, 40))}, which is not a number`);
}

/** `-1.25` is 750,000,000 nanoseconds after second -2. Digits beyond nanoseconds are dropped. */
function time(value: Uint8Array, where: string): TarTime {
  const text = decodeText(value);
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text);
  if (match === null)
    throw new TarError(`${where}: mtime is ${JSON.stringify(text.slice(0, 40))}, which is not a time`);
  const seconds = Number(match[2]);
  const nanoseconds = Number((match[3] ?? "").slice(0, 9).padEnd(9, "0"));
  if (match[1] === "") return { seconds, nanoseconds };
  // `0 - seconds`: the negation of 0 would be a negative zero.
  return nanoseconds === 0
    ? { seconds: 0 - seconds, nanoseconds }
    : { seconds: -seconds - 1, nanoseconds: 1e9 - nanoseconds };
}
