import { expect, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import { streamFrom } from "../files/stream-from.ts";
import { verifiedBlob } from "./verified-blob.ts";

const content = new TextEncoder().encode("some content of a blob");

/** Reads a blob that is announced as `content`, and is `actual` in pieces of 5 bytes. */
async function read(actual: Uint8Array, offset = 0, sizeBytes = content.length): Promise<string> {
  const descriptor = { mediaType: "x", digest: digestOf(content), size: sizeBytes };
  const stream = (from: number) => Promise.resolve(streamFrom(pieces(actual.subarray(from))));
  const blob = verifiedBlob(descriptor, { sizeBytes, stream }, "oci:here", () => {});
  let text = "";
  for await (const piece of await blob.open(offset)) text += new TextDecoder().decode(piece);
  return text;
}

async function* pieces(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += 5) yield await Promise.resolve(bytes.subarray(at, at + 5));
}

test("a blob that is what it says comes through", async () => {
  expect(await read(content)).toBe("some content of a blob");
  expect(await read(content, 10)).toBe("nt of a blob");
});

test("an empty blob must have the digest of nothing", async () => {
  await expect(read(new Uint8Array(), 0, 0)).rejects.toThrow(/is damaged/);
});

test("other bytes fail, and their last piece is never handed on", async () => {
  const wrong = content.toReversed();
  const descriptor = { mediaType: "x", digest: digestOf(content), size: content.length };
  const stream = () => Promise.resolve(streamFrom(pieces(wrong)));
  const blob = verifiedBlob(descriptor, { sizeBytes: wrong.length, stream }, "oci:here", () => {});
  let received = 0;
  const reading = (async () => {
    for await (const piece of await blob.open(0)) received += piece.length;
  })();
  await expect(reading).rejects.toThrow(
    `the blob ${digestOf(content)} of oci:here is damaged: its bytes have the digest`,
  );
  await reading.catch(() => {});
  expect(received).toBeLessThan(content.length);
});

test("a blob that is too long or too short fails", async () => {
  await expect(read(Buffer.concat([content, content]))).rejects.toThrow("is longer than the 22 bytes");
  await expect(read(content.subarray(0, 8))).rejects.toThrow("ends after 8 of the 22 bytes");
});

test("the source is let go of when the reader leaves", async () => {
  let isReleased = false;
  async function* endless(): AsyncGenerator<Uint8Array, void, void> {
    try {
      for (;;) yield await Promise.resolve(content);
    } finally {
      isReleased = true;
    }
  }
  const descriptor = { mediaType: "x", digest: digestOf(content), size: 1e9 };
  const stream = () => Promise.resolve(streamFrom(endless()));
  const blob = verifiedBlob(descriptor, { sizeBytes: 1e9, stream }, "x", () => {});
  const reader = (await blob.open(0)).getReader();
  await reader.read();
  await reader.cancel();
  expect(isReleased).toBe(true);
});
