/** How a stream ended: it was read to its end, its reader left, or its source failed. */
export type StreamEnd = {
  readonly bytes: number;
  readonly outcome: "whole" | "left" | "failed";
  readonly error: unknown;
};

/** While its source has nothing to give, a stream says so this often. */
const WAITING_EVERY_MS = 60_000;

/**
 * The same stream, which reports how it ended and how many bytes were read of it. It reads its source no faster than
 * it is read itself. `passed` is told how
 * many bytes were read so far, with each piece; `waiting` is called every minute while somebody waits for the source, not while it waits for its reader.
 */
export function watchStream(
  source: ReadableStream<Uint8Array>,
  tell: (end: StreamEnd) => void,
  waiting: () => void = () => {},
  passed: (bytes: number) => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const timer = setInterval(waiting, WAITING_EVERY_MS);
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            tell({ bytes, outcome: "whole", error: null });
          } else {
            bytes += value.byteLength;
            passed(bytes);
            controller.enqueue(value);
          }
        } catch (error) {
          controller.error(error);
          tell({ bytes, outcome: "failed", error });
        } finally {
          clearInterval(timer);
        }
      },
      async cancel(reason) {
        tell({ bytes, outcome: "left", error: null });
        await reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
