import { constants, crc32, deflateRaw } from "node:zlib";
import { BlockPool, inBlocks } from "./blocks.ts";

/** What one task compresses: large enough that the cost of a task is nothing, small enough that several fit in memory. */
const BLOCK_BYTES = 1 << 20;
/** Deflate looks back this far; each block is given the end of the one before. */
const WINDOW_BYTES = 32 * 1024;
/** No name, no time, unknown system: the same content gives the same bytes (RFC 1952, 2.3). */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** An empty final block with fixed codes: the end of a deflate stream whose blocks were all flushed (RFC 1951, 3.2.3). */
const DEFLATE_END = Uint8Array.of(0x03, 0x00);

/**
 * Compresses with several threads into a single gzip member, as pigz does: blocks of 1 MiB are deflated on the
 * runtime's thread pool, each with the end of its predecessor as dictionary, and put one after the other.
 *
 * The result depends on the content alone, not on the chunks it comes in nor on timing. At most `tasks` blocks are in
 * memory with their results.
 */
export async function* gzip(
  source: AsyncIterable<Uint8Array>,
  options: { readonly level: number; readonly tasks: number },
): AsyncGenerator<Uint8Array> {
  let checksum = 0;
  let length = 0;
  let window: Uint8Array | null = null;
  const buffers = new BlockPool(BLOCK_BYTES);
  const pending: Promise<Uint8Array>[] = [];
  yield HEADER;
  try {
    for await (const block of inBlocks(source, buffers)) {
      checksum = crc32(block, checksum);
      length += block.length;
      pending.push(deflate(block, window, options.level).finally(() => buffers.giveBack(block)));
      window = block.slice(-WINDOW_BYTES);
      if (pending.length >= options.tasks) yield await (pending.shift() as Promise<Uint8Array>);
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<Uint8Array>);
  } finally {
    // A reader that left or a source that failed: what is under way ends unseen.
    await Promise.allSettled(pending);
  }
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(checksum, 0);
  trailer.writeUInt32LE(length % 2 ** 32, 4);
  yield Buffer.concat([DEFLATE_END, trailer]);
}

function deflate(block: Uint8Array, window: Uint8Array | null, level: number): Promise<Uint8Array> {
  const dictionary = window === null ? {} : { dictionary: window };
  return new Promise((resolve, reject) => {
    deflateRaw(block, { level, finishFlush: constants.Z_SYNC_FLUSH, ...dictionary }, (error, result) => {
      if (error === null) resolve(result);
      else reject(error);
    });
  });
}
