/**
 * Sparse files in tar archives: only the parts that hold data are stored, with a map of where they belong.
 *
 * Four forms exist, all of GNU tar (manual 1.34, "Storing Sparse Files"): old GNU (type `S`, the map in the header and
 * in blocks behind it), and in pax records 0.0 (repeated `GNU.sparse.offset`/`numbytes`), 0.1 (`GNU.sparse.map`) and
 * 1.0 (the map in front of the data, decimal numbers a line each, filled up to a block).
 */
import type { ByteReader } from "./byte-reader.ts";
import { BLOCK_BYTES, numberField } from "./header-block.ts";
import type { PaxRecord } from "./pax-records.ts";
import { TarError } from "./tar-error.ts";
import { decodeText } from "./text-bytes.ts";

/** `length` bytes of data that belong at `offset`. */
export type SparseSegment = { readonly offset: number; readonly length: number };

/** Where a sparse file's stored bytes belong, and how long it is with its holes. */
export type SparseMap = { readonly segments: readonly SparseSegment[]; readonly realBytes: number };

/** A map this long describes a file of gigabytes in single blocks; a longer one is an attack on memory. */
const MAX_SEGMENTS = 1 << 17;
const ZEROS = new Uint8Array(64 * 1024);

/** The map of an old GNU sparse member: four segments in its header, 21 in each block that follows. */
export async function readOldGnuMap(header: Uint8Array, reader: ByteReader, where: string): Promise<SparseMap> {
  const segments = segmentsIn(header, 386, 4, where);
  const realBytes = numberField(header, 483, 12, where);
  let more = header[482] !== 0;
  while (more) {
    const block = await reader.read(BLOCK_BYTES);
    if (block === null) throw new TarError(`${where}: the archive is cut short within a sparse map`);
    segments.push(...segmentsIn(block, 0, 21, where));
    if (segments.length > MAX_SEGMENTS) throw tooMany(where);
    more = block[504] !== 0;
  }
  return { segments, realBytes };
}

function segmentsIn(block: Uint8Array, start: number, count: number, where: string): SparseSegment[] {
  const segments: SparseSegment[] = [];
  for (let at = start; at < start + 24 * count && block[at] !== 0; at += 24) {
    segments.push({ offset: numberField(block, at, 12, where), length: numberField(block, at + 12, 12, where) });
  }
  return segments;
}

/** The map that pax records of form 0.0 or 0.1 hold; null when they hold none. */
export function paxSparseMap(records: readonly PaxRecord[], where: string): SparseMap | null {
  const text = (keyword: string) => {
    const found = records.findLast((record) => record.keyword === keyword);
    return found === undefined ? null : decodeText(found.value);
  };
  const realBytes = text("GNU.sparse.size");
  if (realBytes === null) return null;
  const map = text("GNU.sparse.map");
  const numbers =
    map === null
      ? records.filter((r) => /^GNU\.sparse\.(?:offset|numbytes)$/.test(r.keyword)).map((r) => decodeText(r.value))
      : map.split(",").filter((number) => number !== "");
  return { segments: pairs(numbers, where), realBytes: parseNumber(realBytes, where) };
}

/** Reads the map of form 1.0 in front of a member's data; `used` is how many of the stored bytes it took. */
export async function readPaxMap1(
  reader: ByteReader,
  storedBytes: number,
  where: string,
): Promise<{ segments: SparseSegment[]; used: number }> {
  let text = "";
  let used = 0;
  const lines = async (count: number): Promise<string[]> => {
    for (;;) {
      const found = text.split("\n", count + 1);
      if (found.length > count) return found.slice(0, count);
      const block = used + BLOCK_BYTES > storedBytes ? null : await reader.read(BLOCK_BYTES);
      if (block === null) throw new TarError(`${where}: its sparse map is cut short`);
      used += BLOCK_BYTES;
      text += decodeText(block);
    }
  };
  const count = parseNumber((await lines(1))[0] ?? "", where);
  if (count > MAX_SEGMENTS) throw tooMany(where);
  return { segments: pairs((await lines(1 + 2 * count)).slice(1), where), used };
}

/** Throws TarError unless the segments are in order, within the file, and as long as what is stored. */
export function checkSparseMap(map: SparseMap, storedBytes: number, where: string): void {
  let end = 0;
  let stored = 0;
  for (const { offset, length } of map.segments) {
    if (offset < end || length < 0 || offset + length > map.realBytes) {
      throw new TarError(`${where}: its sparse map is not valid (segment at ${offset} of ${length} bytes)`);
    }
    end = offset + length;
    stored += length;
  }
  if (stored !== storedBytes) {
    throw new TarError(`${where}: its sparse map tells of ${stored} bytes of data, ${storedBytes} are stored`);
  }
}

/** The whole content: the stored bytes, read from `stored`, with zeros for the holes. */
export async function* expandSparse(map: SparseMap, stored: ByteSource): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const { offset, length } of map.segments) {
    yield* zeros(offset - position);
    yield* stored.take(length);
    position = offset + length;
  }
  yield* zeros(map.realBytes - position);
}

/** Gives the next bytes of what is stored. */
export type ByteSource = { take(count: number): AsyncIterable<Uint8Array> };

function* zeros(count: number): Generator<Uint8Array> {
  for (let left = count; left > 0; left -= ZEROS.length) yield left < ZEROS.length ? ZEROS.subarray(0, left) : ZEROS;
}

function pairs(numbers: readonly string[], where: string): SparseSegment[] {
  if (numbers.length % 2 !== 0) throw new TarError(`${where}: its sparse map has an offset without a length`);
  if (numbers.length > 2 * MAX_SEGMENTS) throw tooMany(where);
  const segments: SparseSegment[] = [];
  for (let at = 0; at < numbers.length; at += 2) {
    segments.push({ offset: parseNumber(numbers[at] ?? "", where), length: parseNumber(numbers[at + 1] ?? "", where) });
  }
  return segments;
}

function parseNumber(text: string, where: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new TarError(`${where}: its sparse map holds ${JSON.stringify(text.slice(0, 40))}, which is not a number`);
}

function tooMany(where: string): TarError {
  return new TarError(`${where}: its sparse map has more than ${MAX_SEGMENTS} segments`);
}
