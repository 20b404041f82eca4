/**
 * The bzip2 format, decoding only.
 *
 *     stream: "BZh" level · blocks · 0x177245385090 · checksum of the blocks' checksums · padding to a byte
 *     block:  0x314159265359 · checksum · 1 bit "randomised" · start pointer 24 · bytes in use · Huffman tables · symbols
 *
 * Written here because the decoders in the registry hold a whole block's expansion in memory (46 MB of output, a
 * multiple of it as numbers) or know nothing of streams. Source: bzip2 1.0.8's manual and "BZIP2: Format
 * Specification" (J. Tsai, 2016).
 */
import { BitInput } from "./bit-input.ts";
import { readBlockSymbols } from "./bzip2-block.ts";
import { CompressionError } from "./compression-error.ts";

/** More than any valid block has when compressed: 900,000 symbols of 20 bits, the tables and the selectors. */
const MAX_BLOCK_BYTES = 2_400_000;
const OUTPUT_BYTES = 64 * 1024;
const CRC_TABLE = crcTable();

/** Decodes bzip2, also several streams one after the other (pbzip2). Memory: one block and its input, under 10 MiB. */
export async function* decodeBzip2(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const input = new BitInput(source, MAX_BLOCK_BYTES);
  try {
    await input.fill();
    do {
      yield* decodeStream(input);
      input.align();
      await input.fill();
    } while (!input.isAtEnd);
  } finally {
    await input.close();
  }
}

async function* decodeStream(input: BitInput): AsyncGenerator<Uint8Array> {
  const isHeader = input.take(24) === 0x425a68;
  const level = input.take(8) - 0x30;
  if (!isHeader || level < 1 || level > 9) throw damaged("it does not begin with BZh1 to BZh9");
  const symbols = new Uint32Array(level * 100_000);
  let combined = 0;
  for (;;) {
    await input.fill();
    const magic = [input.take(24), input.take(24)];
    const checksum = ((input.take(16) << 16) | input.take(16)) >>> 0;
    if (input.isOverrun) throw damaged("it is cut short");
    if (magic[0] === 0x177245 && magic[1] === 0x385090) {
      if (checksum !== combined) throw damaged("its checksum is wrong");
      return;
    }
    if (magic[0] !== 0x314159 || magic[1] !== 0x265359) throw damaged("a block does not begin as blocks do");
    const block = readBlockSymbols(input, symbols);
    if (input.isOverrun) throw damaged("it is cut short");
    const actual = yield* expandBlock(symbols, block.count, block.start);
    if (actual !== checksum) throw damaged("a block's checksum is wrong");
    combined = ((((combined << 1) | (combined >>> 31)) >>> 0) ^ checksum) >>> 0;
  }
}

/**
 * Undoes the Burrows-Wheeler transform, then the first run-length coding: four equal bytes are followed by how many
 * more there are. `symbols` holds a byte and, above it, the index of its successor. Returns the block's checksum.
 */
function* expandBlock(symbols: Uint32Array, count: number, start: number): Generator<Uint8Array, number> {
  let output = new Uint8Array(OUTPUT_BYTES);
  let filled = 0;
  let crc = 0xffffffff;
  let position = (symbols[start] ?? 0) >>> 8;
  let previous = -1;
  let run = 0;
  for (let left = count; left > 0; left--) {
    const entry = symbols[position] ?? 0;
    const byte = entry & 0xff;
    position = entry >>> 8;
    let copies = 1;
    let value = byte;
    if (run === 4) {
      copies = byte;
      value = previous;
      run = 0;
      previous = -1;
    } else {
      run = byte === previous ? run + 1 : 1;
      previous = byte;
    }
    for (; copies > 0; copies--) {
      crc = (crc << 8) ^ (CRC_TABLE[(crc >>> 24) ^ value] ?? 0);
      output[filled++] = value;
      if (filled < OUTPUT_BYTES) continue;
      yield output;
      output = new Uint8Array(OUTPUT_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield output.subarray(0, filled);
  return ~crc >>> 0;
}

/** CRC-32 with the highest bit first, as bzip2 has it; the runtime's is the mirrored one. */
function crcTable(): Int32Array {
  return Int32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
    return crc;
  });
}

function damaged(why: string): CompressionError {
  return new CompressionError(`the bzip2 stream is damaged: ${why}`);
}
