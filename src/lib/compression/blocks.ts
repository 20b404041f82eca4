/** Blocks of one size are used again: a new mebibyte each would be collected far later than it is done with. */
export class BlockPool {
  readonly blockBytes: number;
  readonly #free: Uint8Array[] = [];

  constructor(blockBytes: number) {
    this.blockBytes = blockBytes;
  }

  take(): Uint8Array {
    return this.#free.pop() ?? new Uint8Array(this.blockBytes);
  }

  /** A block that came from `take`; a part of one is not kept. */
  giveBack(block: Uint8Array): void {
    if (block.length === this.blockBytes) this.#free.push(block);
  }
}

/** The stream in blocks of exactly the pool's size, the last one shorter. Whoever takes a block gives it back. */
export async function* inBlocks(source: AsyncIterable<Uint8Array>, buffers: BlockPool): AsyncGenerator<Uint8Array> {
  const { blockBytes } = buffers;
  let block = buffers.take();
  let filled = 0;
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + blockBytes - filled);
      block.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < blockBytes) continue;
      yield block;
      block = buffers.take();
      filled = 0;
    }
  }
  if (filled > 0) yield block.subarray(0, filled);
}
