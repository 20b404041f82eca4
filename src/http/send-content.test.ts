import { expect, test } from "bun:test";
import type { RangeReader } from "../lib/files/range-reader.ts";
import type { Exchange } from "./exchange.ts";
import { listenerOf, pipelineOf } from "./exchange.fixture.ts";
import { type Content, describeContent, isNotModified, sendContent } from "./send-content.ts";

const TEXT = "0123456789";
const asked = (headers: Record<string, string> = {}, method = "GET") =>
  new Request("http://larder.test/x", { method, headers });

function send(request: Request, reads: unknown[] = [], more: Partial<Content> = {}): Promise<Response> {
  const content: Content = {
    sizeBytes: TEXT.length,
    tag: "t1",
    headers: { "Content-Type": "text/x-digits" },
    noun: "file",
    read(range) {
      reads.push(range);
      return range === null ? TEXT : TEXT.slice(range.start, range.end);
    },
    isHere: true,
    async open(bytes) {
      reads.push(bytes);
      return readerOf(TEXT);
    },
    ...more,
  };
  const pages = [{ name: "content", answer: (exchange: Exchange) => sendContent(exchange, content) }];
  return Promise.resolve(pipelineOf({ pages }).handle(request, listenerOf(null)));
}

/** Reads two bytes at once at most, as a slow source does. */
function readerOf(text: string, closed: () => void = () => {}): RangeReader {
  return {
    read: async (position, length) => new TextEncoder().encode(text.slice(position, position + Math.min(length, 2))),
    close: async () => closed(),
  };
}

test("all of it is sent with its tag, as what may be asked for in parts", async () => {
  const answer = await send(asked());
  expect(answer.status).toBe(200);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    "accept-ranges": "bytes",
    "content-disposition": "attachment",
    "content-type": "text/x-digits",
    etag: '"t1"',
  });
  expect(await answer.text()).toBe(TEXT);
});

test.each([
  [{ range: "bytes=2-4" }, 206, "bytes 2-4/10", "234"],
  [{ range: "bytes=7-" }, 206, "bytes 7-9/10", "789"],
  [{ range: "bytes=-2" }, 206, "bytes 8-9/10", "89"],
  [{ range: "bytes=2-4", "if-range": '"t1"' }, 206, "bytes 2-4/10", "234"],
  [{ range: "bytes=2-4", "if-range": '"t0"' }, 200, null, TEXT],
  [{ range: "bytes=2-4,20-" }, 206, "bytes 2-4/10", "234"],
  [{ range: "bytes=4-2" }, 200, null, TEXT],
  [{ range: "bytes=0-,0-" }, 200, null, TEXT],
  [{ range: "bytes=0-1,3-4", "if-range": '"t0"' }, 200, null, TEXT],
  [{ range: "bytes=20-" }, 416, "bytes */10", "the range is not within the 10 bytes of the file"],
  [{ range: "bytes=20-,-0" }, 416, "bytes */10", "the range is not within the 10 bytes of the file"],
])("%p is answered by %p", async (headers, status, contentRange, body) => {
  const answer = await send(asked(headers));
  expect([answer.status, answer.headers.get("content-range")]).toEqual([status, contentRange]);
  expect(await answer.text()).toContain(body);
});

test.each([true, false])(
  "several ranges are parts of one answer, in the order of the question; at hand: %p",
  async (isHere) => {
    const reads: unknown[] = [];
    const answer = await send(asked({ range: "bytes=6-8,0-1,-1", "if-range": '"t1"' }), reads, { isHere });
    expect([answer.status, answer.headers.get("content-range"), answer.headers.get("etag")]).toEqual([
      206,
      null,
      '"t1"',
    ]);
    const boundary = /^multipart\/byteranges; boundary=([\w-]{20,70})$/.exec(
      answer.headers.get("content-type") ?? "",
    )?.[1];
    const part = (range: string, text: string) =>
      `--${boundary}\r\nContent-Range: bytes ${range}/10\r\nContent-Type: text/x-digits\r\n\r\n${text}\r\n`;
    const parts = part("6-8", "678") + part("0-1", "01") + part("9-9", "9");
    expect(await answer.text()).toBe(`${parts}--${boundary}--\r\n`);
    expect(reads).toEqual([6]);
  },
);

test("what can only be read in one go is sent whole instead of in parts", async () => {
  const answer = await send(asked({ range: "bytes=0-1,3-4" }), [], { open: async () => null });
  expect([answer.status, await answer.text()]).toEqual([200, TEXT]);
});

test("a client that leaves in the middle of a part ends the reading", async () => {
  let closed = 0;
  const large = "x".repeat(1_000_000);
  const open = async () => readerOf(large, () => closed++);
  const more = { isHere: false, sizeBytes: large.length, open };
  const answer = await send(asked({ range: "bytes=0-499999,500001-" }), [], more);
  const reader = answer.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  expect(closed).toBe(1);
});

test("content that ends before its range breaks the answer off", async () => {
  let closed = 0;
  const open = async () => readerOf("0123", () => closed++);
  const cut = await send(asked({ range: "bytes=0-1,3-4" }), [], { isHere: false, open });
  await expect(cut.text()).rejects.toThrow();
  expect((await send(asked({ range: "bytes=0-1,3-4" }), [], { open })).status).toBe(500);
  expect(closed).toBe(2);
});

test("HEAD, a client that has it, and one that asks for what is not there, cost no reading", async () => {
  const reads: unknown[] = [];
  const head = await send(asked({ range: "bytes=2-4" }, "HEAD"), reads);
  expect([head.status, head.headers.get("content-length")]).toEqual([200, "10"]);
  for (const method of ["GET", "HEAD"]) {
    const known = await send(asked({ "if-none-match": '"t1"' }, method), reads);
    expect([known.status, known.headers.get("etag"), await known.text()]).toEqual([304, '"t1"', ""]);
  }
  await send(asked({ range: "bytes=20-" }), reads);
  const parts = await send(asked({ range: "bytes=0-1,3-4" }, "HEAD"), reads);
  expect([parts.status, parts.headers.get("content-length")]).toEqual([200, "10"]);
  expect(reads).toEqual([]);
});

test("content is described without being at hand", () => {
  const answer = describeContent(asked({}, "HEAD"), { sizeBytes: 7, tag: "t1", headers: {} });
  expect([answer.status, answer.headers.get("content-length"), answer.headers.get("etag")]).toEqual([200, "7", '"t1"']);
});

test.each(['"t1"', "t1", 'W/"t1"', '"t0", "t1"', "*"])("If-None-Match: %s knows the tag t1", (header) => {
  expect(isNotModified(asked({ "if-none-match": header }), "t1")).toBe(true);
});

test.each(['"t0"', '"t10"', "", "W/t0"])("If-None-Match: %p does not", (header) => {
  expect(isNotModified(asked({ "if-none-match": header }), "t1")).toBe(false);
});
