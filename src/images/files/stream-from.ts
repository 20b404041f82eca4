/**
 * A stream that pulls each piece out of `chunks` when its reader asks for it, so that no more than one piece waits.
 * Cancelling the stream ends the generator, whose `finally` gives back what it holds.
 */
export function streamFrom(chunks: AsyncGenerator<Uint8Array, void, void>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
