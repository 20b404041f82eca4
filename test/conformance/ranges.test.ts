import { beforeAll, describe, expect, test } from "bun:test";
import { ALGORITHMS, type Content, contentOf, freshName, makeBlob } from "./content-factory.ts";
import { expectError } from "./expect-error.ts";
import { blobUrl, pushBlob, type Reply, send } from "./registry-client.ts";
import { registryUnderTest } from "./registry-under-test.ts";

const SIZE = 2048;
const registry = registryUnderTest();
const name = freshName("ranges");
const blobs = new Map<string, Content>(ALGORITHMS.map((algorithm) => [algorithm, makeBlob(SIZE, algorithm)]));
beforeAll(async () => {
  for (const blob of blobs.values()) await pushBlob(registry.url, name, blob);
});

async function getRange(
  algorithm: string,
  range: string,
  headers: Record<string, string> = {},
): Promise<{ reply: Reply; blob: Content }> {
  const blob = blobs.get(algorithm) ?? makeBlob();
  const reply = await send("GET", blobUrl(registry.url, name, blob.digest), { headers: { Range: range, ...headers } });
  return { reply, blob };
}

describe.each(ALGORITHMS)("ranges of a blob by %s", (algorithm) => {
  test.each([
    ["bytes=500-1499", 500, 1499],
    ["bytes=500-", 500, SIZE - 1],
    ["bytes=-500", SIZE - 500, SIZE - 1],
    ["bytes=2000-5000", 2000, SIZE - 1],
    ["bytes=0-", 0, SIZE - 1],
    ["bytes=0-0", 0, 0],
    ["bytes=2047-2047", SIZE - 1, SIZE - 1],
    ["bytes=-1", SIZE - 1, SIZE - 1],
    ["bytes=-9999", 0, SIZE - 1],
    ["bytes=1-99999999999999999999999", 1, SIZE - 1],
  ])("%s answers 206 with bytes %d to %d", async (range, first, last) => {
    const { reply, blob } = await getRange(algorithm, range);
    expect(reply.status).toBe(206);
    expect(reply.headers.get("content-range")).toBe(`bytes ${first}-${last}/${SIZE}`);
    expect(reply.headers.get("content-length")).toBe(String(last - first + 1));
    expect(reply.headers.get("docker-content-digest")).toBe(blob.digest);
    expect(reply.bytes).toEqual(blob.bytes.slice(first, last + 1));
  });

  test.each(["bytes=500-0", "bytes=5000-10000", "bytes=2048-", "bytes=-0", "bytes=99999999999999999999999-"])(
    "%s cannot be satisfied: 416 with the size",
    async (range) => {
      const { reply } = await getRange(algorithm, range);
      expect(reply.status).toBe(416);
      expect(reply.headers.get("content-range")).toBe(`bytes */${SIZE}`);
      expectError(reply, 416);
    },
  );

  test.each(["bytes=", "bytes=abc", "bytes=--5", "bytes=1.5-3", "lines=1-2", "500-1499", "bytes 1-2"])(
    "%p is no range: the whole blob",
    async (range) => {
      const { reply, blob } = await getRange(algorithm, range);
      expect(reply.status).toBe(200);
      expect(reply.bytes).toEqual(blob.bytes);
    },
  );
});

test("several ranges at once give the whole blob or each of them, never a wrong part", async () => {
  const { reply, blob } = await getRange("sha256", "bytes=0-1,5-6");
  if (reply.status === 206) {
    expect(reply.headers.get("content-type")).toStartWith("multipart/byteranges");
  } else {
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(blob.bytes);
  }
});

test("If-Range gives the part when the digest still holds and the whole blob when it does not", async () => {
  const digest = blobs.get("sha256")?.digest;
  const same = await getRange("sha256", "bytes=0-9", { "If-Range": `"${digest}"` });
  expect(same.reply.status).toBe(206);
  const other = await getRange("sha256", "bytes=0-9", { "If-Range": '"sha256:other"' });
  expect(other.reply.status).toBe(200);
  expect(other.reply.bytes).toEqual(other.blob.bytes);
});

test("HEAD with a range tells the length of the whole blob", async () => {
  const url = blobUrl(registry.url, name, blobs.get("sha256")?.digest ?? "");
  const reply = await send("HEAD", url, { headers: { Range: "bytes=0-9" } });
  expect(reply.status).toBe(200);
  expect(reply.headers.get("content-length")).toBe(String(SIZE));
});

test("a range of the empty blob cannot be satisfied", async () => {
  const empty = contentOf("");
  await pushBlob(registry.url, name, empty);
  const reply = await send("GET", blobUrl(registry.url, name, empty.digest), { headers: { Range: "bytes=0-" } });
  expect(reply.status).toBe(416);
});

test("a download that broke off can be completed", async () => {
  const blob = makeBlob(5_000_000);
  await pushBlob(registry.url, name, blob);
  const url = blobUrl(registry.url, name, blob.digest);
  const first = await send("GET", url, { headers: { Range: "bytes=0-2999999" } });
  const rest = await send("GET", url, { headers: { Range: "bytes=3000000-" } });
  expect(rest.headers.get("content-range")).toBe("bytes 3000000-4999999/5000000");
  expect(contentOf(Buffer.concat([first.bytes, rest.bytes])).digest).toBe(blob.digest);
});
