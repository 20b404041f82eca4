import { expect, test } from "bun:test";
import type { BlobRead } from "../../upstream/registry-client.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { resumingRead } from "./resuming-read.ts";
import { streamFrom } from "../files/stream-from.ts";

const TEXT = "the content of a blob that is read in several goes";
const CONTENT = new TextEncoder().encode(TEXT);
const NEVER = new AbortController().signal;

/** A server that breaks off after `pieceBytes`, the second time after twice as many, and so on. */
function server(pieceBytes: number, { ignoresRange = false, endsPlainly = false } = {}) {
  const asked: number[] = [];
  const open = (offset: number): Promise<BlobRead> => {
    asked.push(offset);
    const start = ignoresRange ? 0 : offset;
    async function* body(): AsyncGenerator<Uint8Array, void, void> {
      yield await Promise.resolve(CONTENT.slice(start, start + pieceBytes * asked.length));
      if (!endsPlainly) throw new UpstreamError({ kind: "interrupted" }, "broke off");
    }
    return Promise.resolve({ body: streamFrom(body()), offset: start, totalBytes: null });
  };
  return { open, asked };
}

async function read(open: (offset: number) => Promise<BlobRead | null>, offset = 0, signal = NEVER): Promise<string> {
  const pieces = await Array.fromAsync(resumingRead(open, offset, CONTENT.length, "the blob", signal, 1));
  return Buffer.concat(pieces).toString();
}

test("a transfer that breaks goes on where it was", async () => {
  const { open, asked } = server(20);
  expect(await read(open)).toBe(TEXT);
  expect(asked).toEqual([0, 20]);
});

test("what a server without ranges sends again is passed over", async () => {
  const { open, asked } = server(20, { ignoresRange: true });
  expect(await read(open, 5)).toBe(TEXT.slice(5));
  expect(asked).toEqual([5, 20, 40]);
});

test("a body that ends too early, as if it were whole, is a break too", async () => {
  const { open, asked } = server(30, { endsPlainly: true });
  expect(await read(open)).toBe(TEXT);
  expect(asked).toEqual([0, 30]);
});

test("a failure that another attempt does not mend is not tried again", async () => {
  let attempts = 0;
  const open = () => {
    attempts += 1;
    return Promise.reject(new UpstreamError({ kind: "unauthorized", status: 401 }, "no"));
  };
  await expect(read(open)).rejects.toThrow("no");
  expect(attempts).toBe(1);
  await expect(read(() => Promise.resolve(null))).rejects.toThrow("the blob does not exist");
});

test("an abort ends the wait for the next attempt", async () => {
  const controller = new AbortController();
  let attempts = 0;
  const open = () => {
    attempts += 1;
    setTimeout(() => controller.abort(new Error("enough")), 5);
    return Promise.reject(new UpstreamError({ kind: "interrupted" }, "broke off"));
  };
  const anHourMs = 3_600_000;
  const reading = Array.fromAsync(resumingRead(open, 0, CONTENT.length, "the blob", controller.signal, anHourMs));
  await expect(reading).rejects.toThrow("enough");
  expect(attempts).toBe(1);
});
