import { afterAll, describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { systemClock } from "../../lib/async/clock.ts";
import { deliveryTransports } from "./delivery-transport.ts";
import { type Certificate, hasOpenssl, makeCertificate } from "../../upstream/transport/certificate.fixture.ts";
import { startTlsServer } from "../../upstream/transport/tls-server.fixture.ts";
import { SIGNATURE_HEADER } from "./endpoint.ts";
import { HttpDeliverer } from "./http-deliverer.ts";
import { endpointOf } from "./notice.fixture.ts";

const MESSAGE = { contentType: "application/x", body: '{"id":"ü"}' };
const stops: (() => unknown)[] = [];
afterAll(async () => {
  for (const stop of stops) await stop();
});

const transports = deliveryTransports(() => null, systemClock);
const forever = new AbortController().signal;

type Seen = { readonly path: string; readonly headers: Headers; readonly body: string };

/** A server that answers like this; where it is, and what it was sent. */
function serve(answer: (request: Request) => Response) {
  const seen: Seen[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    reusePort: false,
    async fetch(request) {
      const { pathname: path } = new URL(request.url);
      seen.push({ path, headers: request.headers, body: await request.text() });
      return answer(request);
    },
  });
  stops.push(() => server.stop(true));
  return { url: `http://127.0.0.1:${server.port}`, port: server.port, seen };
}

/** A server that does this with each connection that has sent something. */
async function serveRaw(answer: (socket: Socket) => unknown): Promise<string> {
  const server = createServer((socket) => {
    socket.on("data", () => answer(socket));
    socket.on("error", () => {}); // The other end leaves as it likes.
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => server.close());
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
}

function deliver(url: string, more: Parameters<typeof endpointOf>[0] = {}, secret: string | null = null) {
  const endpoint = endpointOf({ url, timeoutMs: 2000, ...more });
  return new HttpDeliverer(endpoint, secret, transports(endpoint, null), "larder/1").deliver(MESSAGE, forever);
}

test("a notification is posted with the endpoint's headers, its user, and a signature over its bytes", async () => {
  const { port, seen } = serve(() => new Response("fine"));
  const headers = { "X-Key": "a, b", "User-Agent": "mine" };
  expect(await deliver(`http://me:p%40ss@127.0.0.1:${port}/hook?x=1`, { headers }, "secret")).toEqual({
    kind: "taken",
  });
  const [request] = seen;
  expect(request).toMatchObject({ path: "/hook", body: MESSAGE.body });
  const sent = Object.fromEntries(request?.headers ?? []);
  expect(sent).toMatchObject({
    "content-type": "application/x",
    "x-key": "a, b",
    "user-agent": "mine",
    authorization: `Basic ${btoa("me:p@ss")}`,
    "content-length": `${Buffer.byteLength(MESSAGE.body)}`,
  });
  const signature = createHmac("sha256", "secret").update(MESSAGE.body).digest("hex");
  expect(request?.headers.get(SIGNATURE_HEADER)).toBe(`sha256=${signature}`);
  await deliver(`http://127.0.0.1:${port}/`);
  expect(seen[1]?.headers.get(SIGNATURE_HEADER)).toBeNull();
});

describe("an answer's status says who is at fault", () => {
  test.each([
    [200, "taken"],
    [202, "taken"],
    [304, "taken"],
    [400, "refused"],
    [422, "refused"],
    [401, "away"],
    [404, "away"],
    [429, "away"],
    [500, "broken"],
    [503, "away"],
  ])("%i: %s", async (status, meaning) => {
    const { url } = serve(() => new Response(null, { status, headers: { "Retry-After": "7" } }));
    const attempt = await deliver(url);
    expect(attempt.kind === "taken" ? attempt.kind : attempt.why).toBe(meaning as "taken");
    if (attempt.kind === "failed")
      expect(attempt).toMatchObject({ failure: `it answered ${status}`, retryAfterMs: 7000 });
  });
});

test("a signature stands where the settings say", async () => {
  const { url, seen } = serve(() => new Response("fine"));
  await deliver(url, { signatureHeader: "X-Signature" }, "secret");
  const hmac = createHmac("sha256", "secret").update(MESSAGE.body).digest("hex");
  expect(seen[0]?.headers.get("x-signature")).toBe(`sha256=${hmac}`);
  expect(seen[0]?.headers.has(SIGNATURE_HEADER)).toBe(false);
});

test("a redirect is followed on the same server with the body, and nowhere else", async () => {
  const other = serve(() => new Response("stolen"));
  const { url, seen } = serve((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/there") return new Response("fine");
    if (pathname === "/circle") return new Response(null, { status: 308, headers: { Location: "/circle" } });
    const where = pathname === "/away" ? `${other.url}/there` : "/there";
    return new Response(null, { status: pathname === "/found" ? 302 : 307, headers: { Location: where } });
  });
  expect(await deliver(`${url}/here`)).toEqual({ kind: "taken" });
  expect(seen.at(-1)).toMatchObject({ path: "/there", body: MESSAGE.body });
  for (const path of ["/away", "/found", "/circle"]) {
    expect(await deliver(url + path, { headers: { Authorization: "Bearer x" } })).toMatchObject({
      kind: "failed",
      failure: expect.stringContaining("a redirect"),
      why: "away",
    });
  }
  expect(other.seen).toEqual([]);
});

test("silence, half an answer and a body without an end take no longer than the timeout", async () => {
  const endless = serve(() => new Response(new ReadableStream({ pull: (out) => out.enqueue(new Uint8Array(65_536)) })));
  expect(await deliver(endless.url)).toEqual({ kind: "taken" });
  for (const url of [await serveRaw(() => {}), await serveRaw((socket) => socket.write("HTTP/1.1 200 O"))]) {
    const begun = performance.now();
    expect(await deliver(url, { timeoutMs: 300 })).toMatchObject({
      kind: "failed",
      failure: "it did not answer within 300 ms",
      why: "away",
    });
    expect(performance.now() - begun).toBeLessThan(10_000);
  }
});

test("a failure tells no secret of the URL", async () => {
  for (const url of ["http://me:hunter2@127.0.0.1:9/hook?token=hunter3", "http://me:hunter2@no.such.host.invalid/"]) {
    const attempt = await deliver(url);
    expect(attempt).toMatchObject({ kind: "failed", why: "away" });
    expect(JSON.stringify(attempt)).not.toContain("hunter");
  }
});

test("endpoints that hang hold up the others for no longer than their timeout", async () => {
  const hanging = await serveRaw(() => {});
  const { url } = serve(() => new Response("fine"));
  const attempts = Array.from({ length: 20 }, () => deliver(hanging, { timeoutMs: 500 }));
  expect(await deliver(url, { timeoutMs: 20_000 })).toEqual({ kind: "taken" });
  await Promise.all(attempts);
});

test.skipIf(!hasOpenssl)(
  "a certificate that nobody vouches for, or that is another's, is refused in words",
  async () => {
    const [good, foreign] = await Promise.all([makeCertificate("IP:127.0.0.1"), makeCertificate("DNS:elsewhere.test")]);
    const sent = async (server: Certificate, caPem: string | null) => {
      const web = await startTlsServer(server, server);
      stops.push(() => web.stop());
      const endpoint = endpointOf({ url: `https://127.0.0.1:${web.port}/?token=hush`, timeoutMs: 5000 });
      const attempt = await new HttpDeliverer(endpoint, null, transports(endpoint, caPem), "larder/1").deliver(
        MESSAGE,
        forever,
      );
      return { attempt, requests: web.shown.length };
    };
    expect(await sent(good, good.cert)).toEqual({ attempt: { kind: "taken" }, requests: 1 });
    for (const [server, caPem] of [
      [good, null],
      [good, foreign.cert],
      [foreign, foreign.cert],
    ] as const) {
      const { attempt, requests } = await sent(server, caPem);
      expect([attempt.kind, requests]).toEqual(["failed", 0]);
      if (attempt.kind === "taken") continue;
      expect(attempt.why).toBe("away");
      expect(attempt.failure).toMatch(/certificate/);
      expect(attempt.failure).not.toContain("hush");
    }
  },
);
