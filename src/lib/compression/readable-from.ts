/**
 * An iterable as a stream that reads one chunk when one is asked for, and no sooner.
 *
 * `failure()` is what `source` threw, null while it threw nothing: a decoder that the stream is piped through reports
 * its own failures and its source's alike. `close()` lets go of the source; a decoder that is left early does not always.
 */
export function readableFrom(source: AsyncIterable<Uint8Array>): {
  readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  failure: () => { readonly error: unknown } | null;
  close: () => Promise<void>;
} {
  const iterator = source[Symbol.asyncIterator]();
  let failed: { readonly error: unknown } | null = null;
  const readable = new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const next = await iterator.next();
          if (next.done === true) controller.close();
          else controller.enqueue(next.value as Uint8Array<ArrayBuffer>);
        } catch (error) {
          failed = { error };
          throw error;
        }
      },
    },
    { highWaterMark: 0 },
  );
  const close = async () => {
    await iterator.return?.();
  };
  return { readable, failure: () => failed, close };
}
