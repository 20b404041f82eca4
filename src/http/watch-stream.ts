/** How a stream ended: it was read to its end, its reader left, or its source failed. */
export type StreamEnd = {
  readonly bytes: number;
  readonly outcome: "whole" | "left" | "failed";
  readonly error: unknown;
};

/**
 * The same stream, which reports how it ended and how many bytes were read of it. It reads its source no faster than
 * it is read itself.
 */
export function watchStream(
  source: ReadableStream<Uint8Array>,
  tell: (end: StreamEnd) => void,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let bytes = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            controller.close();
            tell({ bytes, outcome: "whole", error: null });
          } else {
            bytes += value.byteLength;
            controller.enqueue(value);
          }
        } catch (error) {
          controller.error(error);
          tell({ bytes, outcome: "failed", error });
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
