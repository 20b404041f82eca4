import { BlockPool, inBlocks } from "./blocks.ts";

/** What one frame holds: the window of the usual levels is smaller, so that little is lost between two frames. */
const BLOCK_BYTES = 4 << 20;

/**
 * Compresses with several threads into zstd frames of 4 MiB each, one after the other, which every decoder reads as one
 * content (RFC 8878, 3.1).
 *
 * The result depends on the content alone, not on the chunks it comes in nor on timing. At most `tasks` blocks are in
 * memory with their results.
 */
export async function* zstd(
  source: AsyncIterable<Uint8Array>,
  { level, tasks }: { readonly level: number; readonly tasks: number },
): AsyncGenerator<Uint8Array> {
  const buffers = new BlockPool(BLOCK_BYTES);
  const pending: Promise<Uint8Array>[] = [];
  let isEmpty = true;
  try {
    for await (const block of inBlocks(source, buffers)) {
      isEmpty = false;
      pending.push(Bun.zstdCompress(block, { level }).finally(() => buffers.giveBack(block)));
      if (pending.length >= tasks) yield await (pending.shift() as Promise<Uint8Array>);
    }
    while (pending.length > 0) yield await (pending.shift() as Promise<Uint8Array>);
  } finally {
    // A reader that left or a source that failed: what is under way ends unseen.
    await Promise.allSettled(pending);
  }
  if (isEmpty) yield Bun.zstdCompressSync(new Uint8Array(0), { level });
}
