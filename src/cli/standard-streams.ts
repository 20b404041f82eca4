/** The standard streams of the process, for commands that read or write archives there. */
export const standardStreams = {
  standardInput: (): AsyncIterable<Uint8Array> => Bun.stdin.stream(),
  /** Waits whenever the reader at the other end is slower. */
  async standardOutput(pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const sink = Bun.stdout.writer();
    for await (const piece of pieces) {
      await sink.write(piece);
      await sink.flush();
    }
  },
};
