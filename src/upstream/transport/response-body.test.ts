import { afterEach, beforeEach, describe, expect, jest, test } from "bun:test";
import { Deadline } from "./deadline.ts";
import { readWhole, watchBody } from "./response-body.ts";

test("a body whose connection has broken is cancelled in silence: what counts is why it was", async () => {
  const broken = new ReadableStream<Uint8Array>({
    start: (controller) => controller.error(new TypeError("ECONNRESET")),
  });
  const deadline = new Deadline(undefined, () => {});
  const body = watchBody(broken, { what: "GET http://upstream.test/", deadline, idleTimeoutMs: 1000 });
  await expect(body.cancel("no room for it")).resolves.toBeUndefined();
});

describe("a body that is read whole", () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  /** A body that is sent a piece at a time, by one who waits until each has been read. */
  function sentSlowly() {
    let sender: ReadableStreamDefaultController<Uint8Array> | null = null;
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => void (sender = controller);
    const body = new ReadableStream<Uint8Array>({ start });
    const send = async (bytes: number) => {
      sender?.enqueue(new Uint8Array(bytes));
      for (let turns = 0; turns < 20; turns++) await Promise.resolve();
    };
    return { body, send, end: () => sender?.close() };
  }

  test("may take longer than the patience for it, as long as it comes on", async () => {
    const { body, send, end } = sentSlowly();
    const reading = readWhole(body, 1_000_000, "GET http://upstream.test/", 100);
    for (let piece = 0; piece < 10; piece++) {
      await send(20_000);
      jest.advanceTimersByTime(1000);
    }
    end();
    expect(await reading).toHaveLength(200_000);
  });

  test("is overdue when it comes more slowly than that, each of its pieces in time", async () => {
    const { body, send } = sentSlowly();
    const reading = readWhole(body, 1_000_000, "GET http://upstream.test/", 100);
    for (const bytes of [20_000, 5000]) {
      await send(bytes);
      jest.advanceTimersByTime(1000);
    }
    await expect(reading).rejects.toThrow("sent 25000 bytes in 2 s, and not all of its answer");
  });
});
