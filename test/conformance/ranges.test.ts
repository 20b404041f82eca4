import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
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

  test.each(["bytes=5000-10000", "bytes=2048-", "bytes=-0", "bytes=99999999999999999999999-", "bytes=2048-,-0"])(
    "%s cannot be satisfied: 416 with the size",
    async (range) => {
      const { reply } = await getRange(algorithm, range);
      expect(reply.status).toBe(416);
      expect(reply.headers.get("content-range")).toBe(`bytes */${SIZE}`);
      expectError(reply, 416);
    },
  );

  test.each(["bytes=", "bytes=abc", "bytes=--5", "bytes=1.5-3", "lines=1-2", "500-1499", "bytes 1-2", "bytes=500-0"])(
    "%p is no range: the whole blob",
    async (range) => {
      const { reply, blob } = await getRange(algorithm, range);
      expect(reply.status).toBe(200);
      expect(reply.bytes).toEqual(blob.bytes);
    },
  );
});

/** The parts of an answer: where each begins, as it says itself, and its bytes. */
function partsOf(reply: Reply): { readonly start: number; readonly end: number; readonly bytes: Uint8Array }[] {
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(reply.headers.get("content-type") ?? "")?.[1];
  const parts = Buffer.from(reply.bytes).toString("latin1").split(`--${boundary}`);
  expect([parts.shift(), parts.pop()]).toEqual(["", "--\r\n"]);
  return parts.map((part) => {
    const [, first, last, size] = /^\r\nContent-Range: bytes (\d+)-(\d+)\/(\d+)\r\n/.exec(part) ?? [];
    expect(Number(size)).toBe(SIZE);
    const bytes = Buffer.from(part.slice(part.indexOf("\r\n\r\n") + 4, -2), "latin1");
    return { start: Number(first), end: Number(last) + 1, bytes: new Uint8Array(bytes) };
  });
}

describe("several ranges", () => {
  test.each([
    [
      "bytes=0-1,5-6",
      [
        [0, 2],
        [5, 7],
      ],
    ],
    [
      "bytes=2000-,0-0,-1",
      [
        [2000, SIZE],
        [0, 1],
        [SIZE - 1, SIZE],
      ],
    ],
    [
      "bytes=0-99,50-149",
      [
        [0, 100],
        [50, 150],
      ],
    ],
    [
      "bytes=0-1,99999-,5-6",
      [
        [0, 2],
        [5, 7],
      ],
    ],
  ] as const)("%s are parts of one answer", async (range, expected) => {
    const { reply, blob } = await getRange("sha256", range);
    expect(reply.status).toBe(206);
    expect(reply.headers.get("content-range")).toBeNull();
    expect(reply.headers.get("content-length")).toBe(String(reply.bytes.byteLength));
    expect(reply.headers.get("docker-content-digest")).toBe(blob.digest);
    const parts = expected.map(([start, end]) => ({ start, end, bytes: blob.bytes.slice(start, end) }));
    expect(partsOf(reply)).toEqual(parts);
  });

  test("of which one is within the blob are one range", async () => {
    const { reply, blob } = await getRange("sha256", "bytes=99999-,5-6");
    expect([reply.status, reply.headers.get("content-range")]).toEqual([206, `bytes 5-6/${SIZE}`]);
    expect(reply.bytes).toEqual(blob.bytes.slice(5, 7));
  });

  test.each([
    ["more than the blob has", "bytes=0-,0-"],
    ["again and again the same", "bytes=0-9,0-9,0-9"],
    ["and one that runs backwards", "bytes=0-9,20-10"],
    ["more than anybody asks for", `bytes=${Array.from({ length: 1025 }, (_, at) => `${at}-${at}`).join(",")}`],
  ])("%s: the whole blob", async (_what, range) => {
    const { reply, blob } = await getRange("sha256", range);
    expect(reply.status).toBe(200);
    expect(reply.bytes).toEqual(blob.bytes);
  });

  test("by the thousand, with positions of eleven digits, are answered", async () => {
    const at = Array.from({ length: 1024 }, (_, index) => String(index).padStart(11, "0"));
    const { reply, blob } = await getRange(
      "sha256",
      `bytes=${at.map((position) => `${position}-${position}`).join(",")}`,
    );
    expect(reply.status).toBe(206);
    const parts = partsOf(reply);
    expect(parts).toHaveLength(1024);
    expect(Buffer.concat(parts.map(({ bytes }) => bytes))).toEqual(Buffer.from(blob.bytes.slice(0, 1024)));
  });

  test("of another content than If-Range names: the whole blob", async () => {
    const { reply } = await getRange("sha256", "bytes=0-1,5-6", { "If-Range": '"sha256:other"' });
    expect([reply.status, reply.bytes.byteLength]).toEqual([200, SIZE]);
  });

  test("of megabytes come as they are, and a client that leaves in the middle harms nobody", async () => {
    const blob = makeBlob(5_000_000);
    await pushBlob(registry.url, name, blob);
    const url = blobUrl(registry.url, name, blob.digest);
    const headers = { Range: "bytes=0-1999999,2500000-4499999" };
    const leaving = new AbortController();
    const left = await fetch(url, { headers, signal: leaving.signal });
    await left.body?.getReader().read();
    leaving.abort();
    const reply = await send("GET", url, { headers });
    const [head] = Buffer.from(reply.bytes.subarray(0, 300)).toString("latin1").split("\r\n\r\n");
    const at = (head?.length ?? 0) + 4;
    expect(reply.bytes.slice(at, at + 2_000_000)).toEqual(blob.bytes.slice(0, 2_000_000));
    const tail = Buffer.from(reply.bytes).lastIndexOf("\r\n--");
    expect(reply.bytes.slice(tail - 2_000_000, tail)).toEqual(blob.bytes.slice(2_500_000, 4_500_000));
  });
});

test("no header makes an answer that contradicts itself or the blob", async () => {
  const blob = blobs.get("sha256") ?? makeBlob();
  const position = fc.oneof(fc.constant(""), fc.nat(SIZE + 10).map(String), fc.bigInt(0n, 2n ** 70n).map(String));
  const spec = fc.oneof(
    fc.tuple(position, position).map((both) => both.join("-")),
    fc.stringMatching(/^[ -~]{0,5}$/),
  );
  const header = fc.tuple(fc.constantFrom("bytes=", "bytes = ", "BYTES=", "b="), fc.array(spec, { maxLength: 4 }));
  await fc.assert(
    fc.asyncProperty(header, async ([unit, specs]) => {
      const { reply } = await getRange("sha256", `${unit}${specs.join(",")}`);
      if (reply.status === 416) return expect(reply.headers.get("content-range")).toBe(`bytes */${SIZE}`);
      expect(reply.headers.get("content-length")).toBe(String(reply.bytes.byteLength));
      if (reply.status === 200) return expect(reply.bytes).toEqual(blob.bytes);
      expect(reply.status).toBe(206);
      const one = /^bytes (\d+)-(\d+)\/2048$/.exec(reply.headers.get("content-range") ?? "");
      const parts =
        one === null ? partsOf(reply) : [{ start: Number(one[1]), end: Number(one[2]) + 1, bytes: reply.bytes }];
      for (const { start, end, bytes } of parts) expect(bytes).toEqual(blob.bytes.slice(start, end));
    }),
    { numRuns: 300 },
  );
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
  const parts = await send("HEAD", url, { headers: { Range: "bytes=0-9,20-29" } });
  expect([parts.status, parts.headers.get("content-length")]).toEqual([200, String(SIZE)]);
});

test("the empty blob is whole, whatever range is asked for: containerd asks before it knows", async () => {
  const empty = contentOf("");
  await pushBlob(registry.url, name, empty);
  const reply = await send("GET", blobUrl(registry.url, name, empty.digest), { headers: { Range: "bytes=0-" } });
  expect([reply.status, reply.bytes.byteLength]).toEqual([200, 0]);
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
