import type { ByteReader } from "./byte-reader.ts";
import { BLOCK_BYTES, decodeHeaderBlock, type HeaderBlock, isZeroBlock } from "./header-block.ts";
import { type PaxRecord, parsePaxRecords } from "./pax-records.ts";
import { checkSparseMap, paxSparseMap, readOldGnuMap, readPaxMap1, type SparseMap } from "./sparse-map.ts";
import { applyRecords, decimal } from "./member-entry.ts";
import type { TarEntry } from "./tar-entry.ts";
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

/** Types of members whose header alone says how long their data is: all but sparse files and what GNU tar adds. */
const PLAIN_TYPES: ReadonlySet<number> = new Set(Array.from("\u000001234567", (flag) => flag.charCodeAt(0)));
const PAX_TYPE = 0x78; // "x"
const TYPE_AT = 156;

/**
 * Reads headers up to the next member's data if all of them are at hand and nothing is special about them. Null, and
 * nothing is read, for all else, errors included: `readMemberHead` tells more of those.
 */
export function tryReadMemberHead(reader: ByteReader): MemberHead | null {
  const start = reader.offset;
  try {
    const head = readPlainHead(reader);
    if (head === null) reader.takeBack(reader.offset - start);
    return head;
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    reader.takeBack(reader.offset - start);
    return null;
  }
}

function readPlainHead(reader: ByteReader): MemberHead | null {
  let block = reader.tryRead(BLOCK_BYTES);
  let records: readonly PaxRecord[] = [];
  if (block !== null && block[TYPE_AT] === PAX_TYPE) {
    const { size } = decodeHeaderBlock(block, "");
    const pax = size > MAX_EXTENDED_BYTES ? null : reader.tryRead(size + padding(size));
    if (pax === null) return null;
    records = parsePaxRecords(pax.subarray(0, size), "");
    block = reader.tryRead(BLOCK_BYTES);
  }
  // The mark of an archive's end begins with a zero, and so does a header without a name, which is rare.
  if (block === null || block[0] === 0 || !PLAIN_TYPES.has(block[TYPE_AT] ?? -1)) return null;
  if (records.some(({ keyword }) => keyword.startsWith("GNU.sparse."))) return null;
  const header = decodeHeaderBlock(block, "");
  const entry = applyRecords(header, records, "");
  const storedBytes = entry.size;
  // A directory by its path's last slash may have data, which is none of its own.
  if (storedBytes < 0 || (storedBytes > 0 && entry.type !== "file")) return null;
  return { entry, storedBytes, paddingBytes: padding(storedBytes), sparse: null };
}

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
  const storedBytes = entry.size;
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

/** GNU tar counts the NUL at a long name's end into its size. */
function gnuText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end < 0 ? bytes : bytes.subarray(0, end));
}

function padding(bytes: number): number {
  return (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
}
