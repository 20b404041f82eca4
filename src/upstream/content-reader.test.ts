import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { digestOf } from "../oci/digest.ts";
import { parseTag } from "../oci/tag.ts";
import { bytesOf, clientOf, failureOf, PATH, randomBytes } from "./registry.fixture.ts";
import { skipBytes } from "./transport/response-body.ts";
import { startRawServer, startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

const TAG = parseTag("latest");
const blob = randomBytes(300_000);
const digest = digestOf(blob);
let server: WebServer;
beforeEach(() => {
  server = startWebServer(() => new Response(blob));
});
afterEach(() => server.stop());

/** A body that goes on until nobody reads it any more; `sentBytes` is what was taken of it. */
function endless(): { body: ReadableStream<Uint8Array>; sentBytes: () => number } {
  let sent = 0;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    sent += 65_536;
    controller.enqueue(new Uint8Array(65_536));
  };
  return { body: new ReadableStream({ pull }, { highWaterMark: 1 }), sentBytes: () => sent };
}

describe("a manifest", () => {
  test("is asked for with all of its types, and uncompressed", async () => {
    await clientOf(server.url).getManifest(PATH, TAG);
    const headers = server.requests[0]?.headers;
    expect(headers?.get("accept")).toContain("application/vnd.oci.image.index.v1+json, ");
    expect(headers?.get("accept")).toContain("application/vnd.docker.distribution.manifest.v2+json");
    expect(headers?.get("accept-encoding")).toBe("identity");
    expect(headers?.get("user-agent")).toBe("larder-test");
  });

  test("has the digest of its bytes, whatever the registry says", async () => {
    server.handle = () => {
      const headers = {
        "docker-content-digest": digestOf("something else"),
        "content-type": "Application/JSON; charset=utf-8",
      };
      return new Response("{}", { headers });
    };
    expect(await clientOf(server.url).getManifest(PATH, TAG)).toEqual({
      bytes: Buffer.from("{}"),
      digest: digestOf("{}"),
      mediaType: "application/json",
    });
  });

  test("is checked by the algorithm of the digest that was asked for", async () => {
    server.handle = () => new Response("{}");
    const client = clientOf(server.url);
    expect((await client.getManifest(PATH, digestOf("{}", "sha512")))?.digest).toBe(digestOf("{}", "sha512"));
    expect(await failureOf(client.getManifest(PATH, digestOf("{ }")))).toEqual({ kind: "protocol" });
  });

  test("that does not end is not read to its end", async () => {
    const { body, sentBytes } = endless();
    server.handle = () => new Response(body);
    expect(await failureOf(clientOf(server.url).getManifest(PATH, TAG))).toEqual({ kind: "protocol" });
    expect(sentBytes()).toBeLessThan(30_000_000);
  });

  test("that was compressed unasked is not taken for what it is not", async () => {
    server.handle = () => new Response(Bun.gzipSync(Buffer.from("{}")), { headers: { "content-encoding": "gzip" } });
    expect(await failureOf(clientOf(server.url).getManifest(PATH, TAG))).toEqual({ kind: "protocol" });
  });

  test("of which a HEAD says nothing that is valid has nothing", async () => {
    server.handle = () => new Response(null, { headers: { "docker-content-digest": "sha256:short" } });
    expect(await clientOf(server.url).headManifest(PATH, TAG)).toMatchObject({ digest: null, mediaType: null });
  });
});

describe("a blob", () => {
  test("comes from where it was asked for", async () => {
    server.handle = (request) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1]);
      const headers = { "content-range": `bytes ${from}-${blob.byteLength - 1}/${blob.byteLength}` };
      return new Response(blob.slice(from), { status: 206, headers });
    };
    const rest = await clientOf(server.url).getBlob(PATH, digest, { offset: 123_456 });
    expect([rest?.offset, rest?.totalBytes]).toEqual([123_456, blob.byteLength]);
    expect(Buffer.compare(await bytesOf(rest?.body), blob.subarray(123_456))).toBe(0);
  });

  test("comes whole, and says so, when the registry ignores the range", async () => {
    const whole = await clientOf(server.url).getBlob(PATH, digest, { offset: 123_456 });
    expect([whole?.offset, whole?.totalBytes]).toEqual([0, blob.byteLength]);
    if (whole === null) throw new Error("not there");
    const rest = await bytesOf(skipBytes(whole.body, 123_456));
    expect(Buffer.compare(rest, blob.subarray(123_456))).toBe(0);
  });

  test.each([
    "",
    "bytes 0-299999/300000",
    "bytes 100-200/300000",
    "bytes 100-",
    "bytes 100-299999/200000",
    "bytes 100-50/*",
  ])("is not taken with the range %p for the bytes from 100 on", async (range) => {
    server.handle = () => new Response(blob.slice(100), { status: 206, headers: { "content-range": range } });
    expect(await failureOf(clientOf(server.url).getBlob(PATH, digest, { offset: 100 }))).toEqual({ kind: "protocol" });
  });

  test("that is asked for behind its end is a failure of its own", async () => {
    server.handle = () => new Response("", { status: 416 });
    const failure = await failureOf(clientOf(server.url).getBlob(PATH, digest, { offset: 300_000 }));
    expect(failure).toEqual({ kind: "rejected", status: 416, codes: [] });
  });

  test("that another server has is fetched there", async () => {
    const storage = startWebServer(() => new Response(blob));
    server.handle = () => Response.redirect(`${storage.url}/blob?signature=x`, 307);
    expect(digestOf(await bytesOf((await clientOf(server.url).getBlob(PATH, digest))?.body))).toBe(digest);
    await storage.stop();
  });

  test.each([
    ["ends early", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "interrupted"],
    ["ends early in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nabc", "interrupted"],
    ["ends before its last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "interrupted"],
    ["is shorter than its range", "HTTP/1.1 206 OK\r\nContent-Range: bytes 1-99/100\r\n\r\nabc", "interrupted"],
    [
      "is longer than its range",
      "HTTP/1.1 206 OK\r\nContent-Range: bytes 1-2/3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
      "protocol",
    ],
  ])("that %s fails", async (_, answer, kind) => {
    const raw = await startRawServer((socket) => {
      socket.write(answer);
      setTimeout(() => socket.end(), 20);
    });
    const offset = answer.includes("206") ? 1 : 0;
    const read = await clientOf(raw.url).getBlob(PATH, digest, { offset });
    expect((await failureOf(bytesOf(read?.body))).kind).toBe(kind as never);
    await raw.stop();
  });

  test("waits for its reader, and lets go of the connection when nobody reads it", async () => {
    const { body, sentBytes } = endless();
    const gone = Promise.withResolvers<void>();
    server.handle = (request) => {
      request.signal.addEventListener("abort", () => gone.resolve());
      return new Response(body);
    };
    const read = await clientOf(server.url).getBlob(PATH, digest);
    const reader = read?.body.getReader();
    await reader?.read();
    await Bun.sleep(100);
    expect(sentBytes()).toBeLessThan(30_000_000);
    await reader?.cancel();
    await gone.promise;
  });
});
