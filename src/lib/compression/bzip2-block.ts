import type { BitInput } from "./bit-input.ts";
import { CompressionError } from "./compression-error.ts";

const MAX_CODE_BITS = 20;
/** A Huffman table serves this many symbols, then the next selector says which one goes on. */
const GROUP_SYMBOLS = 50;

/** A Huffman table in canonical form: for each length the largest code, and where its symbols begin. */
type HuffmanTable = {
  readonly minBits: number;
  readonly maxBits: number;
  readonly limit: Int32Array;
  readonly base: Int32Array;
  readonly symbols: Uint16Array;
};

/**
 * Reads one block behind its checksum. Fills `out` as the inverse Burrows-Wheeler transform walks it: in each element a
 * byte and, above it, the index of the byte's successor. Gives how many there are and where the walk starts.
 */
export function readBlockSymbols(input: BitInput, out: Uint32Array): { count: number; start: number } {
  if (input.take(1) !== 0) throw invalid("it is of a kind that bzip2 gave up in 1996");
  const start = input.take(24);
  const used = readUsedBytes(input);
  const tableCount = input.take(3);
  if (tableCount < 2 || tableCount > 6) throw invalid("its number of code tables");
  const selectors = readSelectors(input, tableCount);
  const tables = Array.from({ length: tableCount }, () => readTable(input, used.length + 2));

  const byteCounts = new Uint32Array(256);
  const count = readSymbols(input, out, used, tables, selectors, byteCounts);
  if (start >= count) throw invalid("its start pointer");
  linkSuccessors(out, count, byteCounts);
  return { count, start };
}

function readUsedBytes(input: BitInput): Uint8Array {
  const ranges = input.take(16);
  const used: number[] = [];
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >>> range)) === 0) continue;
    const bits = input.take(16);
    for (let bit = 0; bit < 16; bit++) if ((bits & (0x8000 >>> bit)) !== 0) used.push(16 * range + bit);
  }
  if (used.length === 0) throw invalid("it uses no bytes");
  return Uint8Array.from(used);
}

/** Selectors are indexes into a list that is moved to front, written as that many ones and a zero. */
function readSelectors(input: BitInput, tableCount: number): Uint8Array {
  const selectors = new Uint8Array(input.take(15));
  if (selectors.length === 0) throw invalid("it has no selectors");
  const order = Uint8Array.from({ length: tableCount }, (_, index) => index);
  for (let at = 0; at < selectors.length; at++) {
    let index = 0;
    while (input.take(1) === 1) if (++index >= tableCount) throw invalid("a selector");
    selectors[at] = moveToFront(order, index);
  }
  return selectors;
}

function readTable(input: BitInput, symbolCount: number): HuffmanTable {
  const lengths = new Uint8Array(symbolCount);
  let length = input.take(5);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS || input.isOverrun) throw invalid("a code's length");
      if (input.take(1) === 0) break;
      length += input.take(1) === 0 ? 1 : -1;
    }
    lengths[symbol] = length;
  }
  return canonicalTable(lengths);
}

function canonicalTable(lengths: Uint8Array): HuffmanTable {
  const minBits = Math.min(...lengths);
  const maxBits = Math.max(...lengths);
  const limit = new Int32Array(maxBits + 1);
  const base = new Int32Array(maxBits + 1);
  const symbols = new Uint16Array(lengths.length);
  let placed = 0;
  let code = 0;
  for (let bits = minBits; bits <= maxBits; bits++) {
    base[bits] = placed - code;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      if (lengths[symbol] !== bits) continue;
      symbols[placed++] = symbol;
      code++;
    }
    limit[bits] = code - 1;
    code <<= 1;
  }
  return { minBits, maxBits, limit, base, symbols };
}

function readSymbol(input: BitInput, table: HuffmanTable): number {
  const window = input.peek(MAX_CODE_BITS);
  for (let bits = table.minBits; bits <= table.maxBits; bits++) {
    const code = window >>> (MAX_CODE_BITS - bits);
    if (code > (table.limit[bits] ?? -1)) continue;
    input.drop(bits);
    return table.symbols[code + (table.base[bits] ?? 0)] ?? throwInvalid("a code");
  }
  return throwInvalid("a code");
}

/** Symbols 0 and 1 are digits of a run's length, the last one ends the block, those between move to front. */
function readSymbols(
  input: BitInput,
  out: Uint32Array,
  used: Uint8Array,
  tables: readonly HuffmanTable[],
  selectors: Uint8Array,
  byteCounts: Uint32Array,
): number {
  const order = used.slice();
  const end = used.length + 1;
  let count = 0;
  let run = 0;
  let runDigit = 1;
  for (let read = 0; ; read++) {
    const table = tables[selectors[Math.floor(read / GROUP_SYMBOLS)] ?? tables.length];
    if (table === undefined) throw invalid("it has too few selectors");
    const symbol = readSymbol(input, table);
    if (symbol <= 1) {
      run += runDigit << symbol;
      runDigit <<= 1;
      if (run > out.length) throw invalid("a run is longer than a block");
      continue;
    }
    if (count + run + 1 > out.length && symbol !== end) throw invalid("it is longer than its level allows");
    if (run > 0) {
      if (count + run > out.length) throw invalid("it is longer than its level allows");
      const byte = order[0] ?? 0;
      out.fill(byte, count, count + run);
      byteCounts[byte] = (byteCounts[byte] ?? 0) + run;
      count += run;
      run = 0;
      runDigit = 1;
    }
    if (symbol === end) return count;
    const byte = moveToFront(order, symbol - 1);
    byteCounts[byte] = (byteCounts[byte] ?? 0) + 1;
    out[count++] = byte;
  }
}

/** Writes into each element, above its byte, which element follows it in the original text. */
function linkSuccessors(out: Uint32Array, count: number, byteCounts: Uint32Array): void {
  const next = new Uint32Array(256);
  let sum = 0;
  for (let byte = 0; byte < 256; byte++) {
    next[byte] = sum;
    sum += byteCounts[byte] ?? 0;
  }
  for (let at = 0; at < count; at++) {
    const byte = (out[at] ?? 0) & 0xff;
    const place = next[byte] ?? 0;
    next[byte] = place + 1;
    out[place] = (out[place] ?? 0) | (at << 8);
  }
}

function moveToFront(order: Uint8Array, index: number): number {
  const value = order[index] ?? throwInvalid("a symbol");
  order.copyWithin(1, 0, index);
  order[0] = value;
  return value;
}

function invalid(what: string): CompressionError {
  return new CompressionError(`the bzip2 stream is damaged or cut short: a block is not valid: ${what}`);
}

function throwInvalid(what: string): never {
  throw invalid(what);
}
