import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { type StreamEnd, watchStream } from "./watch-stream.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const PIECE = new Uint8Array(10);

test("who waits for the source keeps the connection, who waits for the reader does not", async () => {
  const next = Promise.withResolvers<void>();
  const ends: StreamEnd[] = [];
  let pieces = 0;
  const source = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        if (pieces++ === 1) await next.promise;
        if (pieces === 3) controller.close();
        else controller.enqueue(PIECE);
      },
    },
    { highWaterMark: 0 },
  );
  let waits = 0;
  const reader = watchStream(
    source,
    (end) => ends.push(end),
    () => waits++,
  ).getReader();
  expect((await reader.read()).value).toEqual(PIECE);
  jest.advanceTimersByTime(300_000);
  expect(waits).toBe(0);
  const waiting = reader.read();
  await Promise.resolve();
  jest.advanceTimersByTime(180_000);
  expect(waits).toBe(3);
  next.resolve();
  expect((await waiting).value).toEqual(PIECE);
  expect((await reader.read()).done).toBe(true);
  jest.advanceTimersByTime(300_000);
  expect(waits).toBe(3);
  expect(ends).toEqual([{ bytes: 20, outcome: "whole", error: null }]);
});
