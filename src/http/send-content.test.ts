import { expect, test } from "bun:test";
import type { Exchange } from "./exchange.ts";
import { listenerOf, pipelineOf } from "./exchange.fixture.ts";
import { type Content, describeContent, isNotModified, sendContent } from "./send-content.ts";

const TEXT = "0123456789";
const asked = (headers: Record<string, string> = {}, method = "GET") =>
  new Request("http://larder.test/x", { method, headers });

function send(request: Request, reads: unknown[] = []): Promise<Response> {
  const content: Content = {
    sizeBytes: TEXT.length,
    tag: "t1",
    headers: { "Content-Type": "text/x-digits" },
    noun: "file",
    read(range) {
      reads.push(range);
      return range === null ? TEXT : TEXT.slice(range.start, range.end);
    },
  };
  const pages = [{ name: "content", answer: (exchange: Exchange) => sendContent(exchange, content) }];
  return Promise.resolve(pipelineOf({ pages }).handle(request, listenerOf(null)));
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
  [{ range: "bytes=20-" }, 416, "bytes */10", "the range is not within the 10 bytes of the file"],
])("%p is answered by %p", async (headers, status, contentRange, body) => {
  const answer = await send(asked(headers));
  expect([answer.status, answer.headers.get("content-range")]).toEqual([status, contentRange]);
  expect(await answer.text()).toContain(body);
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
