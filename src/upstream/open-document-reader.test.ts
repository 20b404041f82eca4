import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { systemClock } from "../lib/async/clock.ts";
import { openDocumentReader, type DocumentReaderOptions } from "./open-document-reader.ts";
import { hasOpenssl, makeCertificate } from "./transport/certificate.fixture.ts";
import { startRawServer, startWebServer, type WebServer } from "./transport/web-server.fixture.ts";

const PATH = "/.well-known/openid-configuration";
const LIMIT = 10_000;
let server: WebServer;

beforeEach(() => {
  server = startWebServer(() => new Response("{}"));
});
afterEach(() => server.stop());

/** The document at `url`, or why there is none. */
async function read(url: string, given: Partial<DocumentReaderOptions> = {}): Promise<string> {
  const reader = openDocumentReader({
    root: new URL(url),
    caPem: null,
    resolver: { resolve: async () => ["127.0.0.1"] },
    chooseProxy: () => null,
    userAgent: "larder/test",
    clock: systemClock,
    ...given,
  });
  try {
    return Buffer.from(await reader(new URL(url), LIMIT)).toString();
  } catch (error) {
    return (error as Error).message;
  }
}

test("a document is fetched whole, and nothing is told of larder but its name", async () => {
  expect(await read(server.url + PATH)).toBe("{}");
  const [request] = server.requests;
  expect(request?.headers.get("user-agent")).toBe("larder/test");
  expect(request?.headers.get("authorization")).toBeNull();
});

test("a redirect is not followed", async () => {
  const elsewhere = startWebServer(() => new Response("{}"));
  server.handle = () => new Response(null, { status: 302, headers: { location: elsewhere.url } });
  expect(await read(server.url + PATH)).toEndWith("answered 302: it leads elsewhere, where larder does not follow");
  expect(elsewhere.requests).toEqual([]);
  await elsewhere.stop();
});

test("an answer that is too large, of whatever length it says to be, is given up", async () => {
  server.handle = () => new Response("x".repeat(LIMIT + 1));
  expect(await read(server.url + PATH)).toContain("sent more than the 10000 bytes that larder takes");
  server.handle = () => {
    const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(4096)) });
    return new Response(body);
  };
  expect(await read(server.url + PATH)).toContain("sent more than the 10000 bytes");
});

test("one that hangs, before its answer or in it, is given up", async () => {
  const limits = { headerTimeoutMs: 200, wholeTimeoutMs: 200 };
  const silent = await startRawServer(() => {});
  expect(await read(silent.url, { limits })).toContain("was not answered within 200 ms");
  await silent.stop();
  const dripping = await startRawServer((socket) => {
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    const timer = setInterval(() => socket.write("x"), 50);
    socket.on("close", () => clearInterval(timer));
  });
  expect(await read(dripping.url, { limits })).toContain("and not all of its answer");
  await dripping.stop();
});

test.each([404, 500, 204])("status %d is no document", async (status) => {
  server.handle = () => new Response(null, { status });
  expect(await read(server.url + PATH)).toEndWith(`answered ${status}`);
});

test("what the document names does not lead to this machine or its link", async () => {
  const reader = openDocumentReader({
    root: new URL("https://issuer.example"),
    caPem: null,
    resolver: { resolve: async (host) => (host === "metadata.example" ? ["169.254.169.254"] : ["127.0.0.1"]) },
    chooseProxy: () => null,
    userAgent: "larder/test",
    clock: systemClock,
  });
  for (const url of ["https://metadata.example/keys", "https://keys.example/keys", "https://[::1]/keys"]) {
    await expect(reader(new URL(url), LIMIT)).rejects.toThrow("larder does not contact");
  }
});

describe.skipIf(!hasOpenssl)("with TLS", () => {
  test("an authority of one's own is trusted when it is given, and not before", async () => {
    const certificate = await makeCertificate("DNS:issuer.test");
    const tls = startWebServer(() => new Response("{}"), { "issuer.test": certificate });
    const url = `https://issuer.test:${tls.port}${PATH}`;
    expect(await read(url)).toContain("its authority's file");
    expect(await read(url, { caPem: certificate.cert })).toBe("{}");
    await tls.stop();
  });
});
