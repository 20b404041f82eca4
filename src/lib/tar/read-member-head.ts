import type { ByteReader } from "./byte-reader.ts";
import { BLOCK_BYTES, decodeHeaderBlock, type HeaderBlock, isZeroBlock } from "./header-block.ts";
import { type PaxRecord, parsePaxRecords } from "./pax-records.ts";
import { checkSparseMap, paxSparseMap, readOldGnuMap, readPaxMap1, type SparseMap } from "./sparse-map.ts";
import type { TarEntry, TarEntryType, TarTime } from "./tar-entry.ts";
import { TarError } from "./tar-error.ts";
import { decodeText } from "./text-bytes.ts";

/** A member up to where its data begins. `storedBytes` of data follow, and padding to a block. */
export type MemberHead = {
  readonly entry: TarEntry;
  readonly storedBytes: number;
  /** Bytes to pass over behind the data, the padding. */
  readonly paddingBytes: number;
  readonly sparse: SparseMap | null;
};

/** Pax records by keyword, the ones of global headers, which apply to all later members. */
export type GlobalRecords = Map<string, PaxRecord>;

/** Long names and extended attributes fit in; what is larger is an attack on memory. Go's archive/tar has this limit. */
const MAX_EXTENDED_BYTES = 1 << 20;

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

/** Reads headers up to the next member's data; null at the archive's end. Throws TarError. */
export async function readMemberHead(reader: ByteReader, globals: GlobalRecords): Promise<MemberHead | null> {
  let records: PaxRecord[] = [];
  let longPath: string | null = null;
  let longLink: string | null = null;
  for (;;) {
    const where = `the member at byte ${reader.offset}`;
    const block = await reader.read(BLOCK_BYTES);
    if (block === null || isZeroBlock(block)) {
      if (longPath === null && longLink === null && records.length === 0) return null;
      throw new TarError(`${where}: the archive ends between an extended header and its member`);
    }
    const header = decodeHeaderBlock(block, where);
    switch (header.typeFlag) {
      case "L":
        longPath = gnuText(await extended(reader, header, where));
        continue;
      case "K":
        longLink = gnuText(await extended(reader, header, where));
        continue;
      case "x":
      case "X": // Sun's first pax
        records = parsePaxRecords(await extended(reader, header, where), where);
        continue;
      case "g":
        for (const record of parsePaxRecords(await extended(reader, header, where), where)) {
          globals.set(record.keyword, record);
        }
        continue;
      case "V": // GNU volume label
        await reader.skip(header.size + padding(header.size));
        continue;
      default: {
        const named = { ...header, path: longPath ?? header.path, linkTarget: longLink ?? header.linkTarget };
        return completeHead(reader, block, named, [...globals.values(), ...records], where);
      }
    }
  }
}

async function extended(reader: ByteReader, header: HeaderBlock, where: string): Promise<Uint8Array> {
  if (header.size < 0 || header.size > MAX_EXTENDED_BYTES) {
    throw new TarError(`${where} has an extended header of ${header.size} bytes; ${MAX_EXTENDED_BYTES} are allowed`);
  }
  const padded = await reader.read(header.size + padding(header.size));
  if (padded === null) throw new TarError(`${where}: the archive is cut short within an extended header`);
  return padded.subarray(0, header.size);
}

async function completeHead(
  reader: ByteReader,
  block: Uint8Array,
  header: HeaderBlock,
  records: readonly PaxRecord[],
  where: string,
): Promise<MemberHead> {
  const entry = applyRecords(header, records, where);
  const named = `${JSON.stringify(entry.path.slice(0, 200))} (${where})`;
  const storedBytes = TYPES_WITH_DATA.has(header.typeFlag) ? entry.size : 0;
  if (storedBytes < 0) throw new TarError(`${named} has a negative size`);
  const paddingBytes = padding(storedBytes);

  const { sparse, used } = await readSparse(reader, block, header, records, storedBytes, named);
  if (sparse !== null) checkSparseMap(sparse, storedBytes - used, named);
  const size = entry.type === "file" ? (sparse?.realBytes ?? storedBytes) : 0;
  return { entry: { ...entry, size }, storedBytes: storedBytes - used, paddingBytes, sparse };
}

async function readSparse(
  reader: ByteReader,
  block: Uint8Array,
  header: HeaderBlock,
  records: readonly PaxRecord[],
  storedBytes: number,
  where: string,
): Promise<{ sparse: SparseMap | null; used: number }> {
  if (header.typeFlag === "S") return { sparse: await readOldGnuMap(block, reader, where), used: 0 };
  const real = records.findLast((record) => record.keyword === "GNU.sparse.realsize");
  const major = records.findLast((record) => record.keyword === "GNU.sparse.major");
  if (real === undefined || major === undefined) return { sparse: paxSparseMap(records, where), used: 0 };
  const { segments, used } = await readPaxMap1(reader, storedBytes, where);
  return { sparse: { segments, realBytes: decimal(decodeText(real.value), real.keyword, where) }, used };
}

function applyRecords(header: HeaderBlock, records: readonly PaxRecord[], where: string): TarEntry {
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
  const path = text("GNU.sparse.name", text("path", header.path));
  const mtime = values.get("mtime");
  return {
    path,
    type: memberType(header.typeFlag, path, where),
    mode: header.mode & 0o7777,
    uid: number("uid", header.uid),
    gid: number("gid", header.gid),
    userName: text("uname", header.userName),
    groupName: text("gname", header.groupName),
    modifiedAt: mtime === undefined ? { seconds: header.modifiedSeconds, nanoseconds: 0 } : time(mtime, where),
    size: number("size", header.size),
    linkTarget: "12".includes(header.typeFlag) ? text("linkpath", header.linkTarget) : "",
    deviceMajor: "34".includes(header.typeFlag) ? header.deviceMajor : 0,
    deviceMinor: "34".includes(header.typeFlag) ? header.deviceMinor : 0,
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

function decimal(text: string, keyword: string, where: string): number {
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

/** GNU tar counts the NUL at a long name's end into its size. */
function gnuText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function padding(bytes: number): number {
  return (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
}
