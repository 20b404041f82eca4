import { once } from "node:events";

/** The process's own streams, for commands that read or write archives there. */
export const standardStreams = {
  standardInput: (): AsyncIterable<Uint8Array> => Bun.stdin.stream(),
  /** Waits whenever the reader at the other end is slower. */
  async standardOutput(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    for await (const piece of pieces) {
      if (!process.stdout.write(piece)) await once(process.stdout, "drain");
    }
  },
};
