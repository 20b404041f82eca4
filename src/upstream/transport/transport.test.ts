import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from "bun:test";
import { digestOf } from "../../oci/digest.ts";
import { parseTag } from "../../oci/tag.ts";
import { type Certificate, hasOpenssl, makeCertificate } from "./certificate.fixture.ts";
import { fixedCredentials } from "../auth/credentials.ts";
import { type DnsServer, startDnsServer } from "./dns-server.fixture.ts";
import { dnsResolver } from "./host-resolver.ts";
import type { RegistryOptions } from "../open-registry.ts";
import { clientOf, failureOf, NAMESPACE, PATH } from "../registry.fixture.ts";
import { ReachableAddresses } from "./reachable-addresses.ts";
import { startRawServer, startWebServer, type WebServer } from "./web-server.fixture.ts";

const TAG = parseTag("latest");
const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});
function serve(...args: Parameters<typeof startWebServer>): WebServer {
  const server = startWebServer(...args);
  stops.push(() => server.stop());
  return server;
}

let dns: DnsServer;
beforeAll(async () => {
  dns = await startDnsServer({
    "registry.test": ["127.0.0.1"],
    "other.test": ["127.0.0.1"],
    "two.test": ["::1", "127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
  });
});
afterAll(() => dns.close());
const byDns = (): Partial<RegistryOptions> => ({ resolver: dnsResolver([dns.address], Date.now) });

describe.skipIf(!hasOpenssl)("TLS", () => {
  let registry: Certificate;
  let other: Certificate;
  beforeAll(async () => {
    [registry, other] = await Promise.all([
      makeCertificate("DNS:registry.test", "IP:127.0.0.1"),
      makeCertificate("DNS:other.test"),
    ]);
  });
  const open = (host: string, server: WebServer, caPem?: string) => {
    const url = `https://${host}:${server.port}`;
    return clientOf(url, { ...byDns(), endpoint: { url, ...(caPem === undefined ? {} : { caPem }) } });
  };

  test("asks for the certificate of the name, though it connects to an address", async () => {
    const server = serve(() => new Response(), { "other.test": other, "registry.test": registry });
    await open("registry.test", server, registry.cert).ping();
    await open("other.test", server, other.cert).ping();
    expect(server.requests.map((request) => request.headers.get("host"))).toEqual([
      `registry.test:${server.port}`,
      `other.test:${server.port}`,
    ]);
  });

  test("takes a certificate for the address where there is no name", async () => {
    const server = serve(() => new Response(), { "registry.test": registry });
    await open("127.0.0.1", server, registry.cert).ping();
  });

  test("takes none for another name, and none from an authority that nobody trusts", async () => {
    const server = serve(() => new Response(), { "registry.test": registry });
    for (const client of [
      open("other.test", server, registry.cert),
      open("registry.test", server),
      open("registry.test", server, other.cert),
    ]) {
      expect(await failureOf(client.ping())).toEqual({ kind: "unreachable", reason: "tls" });
    }
    expect(server.requests).toEqual([]);
  });

  test("is told apart from a server that does not speak it", async () => {
    const server = serve(() => new Response());
    expect(await failureOf(open("registry.test", server).ping())).toEqual({ kind: "unreachable", reason: "tls" });
  });

  test("is not left by a redirect, a token service or an upload session", async () => {
    const plain = serve(() => new Response());
    const server = serve(() => Response.redirect(plain.url, 307), { "registry.test": registry });
    const client = open("127.0.0.1", server, registry.cert);
    expect(await failureOf(client.ping())).toEqual({ kind: "refused" });
    server.handle = () =>
      new Response("", { status: 401, headers: { "www-authenticate": `Bearer realm="${plain.url}"` } });
    expect(await failureOf(client.ping())).toEqual({ kind: "refused" });
    expect(plain.requests).toEqual([]);
  });
});

describe("names and addresses", () => {
  test("the address that answers is tried first, and remembered until it does not", async () => {
    const server = serve(() => new Response());
    const addresses = new ReachableAddresses(3000, () => 0);
    const order = (found: readonly string[]) => addresses.order("x", server.port, found, new AbortController().signal);
    expect(await order(["::1", "127.0.0.9", "127.0.0.1"])).toEqual(["127.0.0.1", "::1", "127.0.0.9"]);
    await server.stop();
    expect(await order(["::1", "127.0.0.1"])).toEqual(["127.0.0.1", "::1"]);
    addresses.forget("x", server.port);
    expect(await order(["::1", "127.0.0.1"])).toEqual(["::1", "127.0.0.1"]);
  });

  test("a host that nothing answers at is not waited for again for some seconds", async () => {
    let nowMs = 0;
    const addresses = new ReachableAddresses(200, () => nowMs);
    const order = () => addresses.order("x", 9, ["127.0.0.1"], new AbortController().signal);
    addresses.noteSilence("x", 9);
    expect(await failureOf(order())).toEqual({ kind: "unreachable", reason: "silent" });
    nowMs = 5000;
    expect(await order()).toEqual(["127.0.0.1"]);
  });

  test("a name with several addresses is reached at the one that answers", async () => {
    const server = serve(() => new Response());
    await clientOf(`http://two.test:${server.port}`, byDns()).ping();
    expect(server.requests[0]?.headers.get("host")).toBe(`two.test:${server.port}`);
  });

  test("a name without an address, and a port that nobody listens at, are unreachable", async () => {
    expect(await failureOf(clientOf("http://nowhere.test", byDns()).ping())).toEqual({
      kind: "unreachable",
      reason: "name",
    });
    expect(await failureOf(clientOf("http://127.0.0.1:1").ping())).toEqual({
      kind: "unreachable",
      reason: "refused",
    });
  });

  test("a name that leads to a link-local address is refused", async () => {
    expect(await failureOf(clientOf("http://metadata.test", byDns()).ping())).toEqual({ kind: "refused" });
  });

  test.each(["Location", "realm"])(
    "a %s that leads a registry to this machine is refused, by name or by number",
    async (way) => {
      const victim = serve(() => new Response());
      const server = serve(() => new Response());
      const client = clientOf(`http://registry.test:${server.port}`, byDns());
      for (const host of ["other.test", "127.0.0.1", "[::1]", "0x7f.1", "localhost", "0.0.0.0", "[::ffff:127.0.0.1]"]) {
        const target = `http://${host}:${victim.port}/`;
        server.handle = () =>
          way === "Location"
            ? new Response("", { status: 307, headers: { location: target } })
            : new Response("", { status: 401, headers: { "www-authenticate": `Bearer realm="${target}"` } });
        expect(await failureOf(client.headManifest(PATH, TAG))).toEqual({ kind: "refused" });
      }
      expect(victim.requests).toEqual([]);
    },
  );

  test("a registry that is configured on this machine may lead to it, but not to this link", async () => {
    const token = serve(() => Response.json({ token: "t" }));
    const server = serve((request) => {
      if (request.headers.get("authorization") === "Bearer t") return new Response();
      return new Response("", { status: 401, headers: { "www-authenticate": `Bearer realm="${token.url}/token"` } });
    });
    await clientOf(server.url).ping();
    server.handle = () => Response.redirect("http://169.254.169.254/latest/meta-data", 302);
    expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "refused" });
  });
});

describe("a proxy", () => {
  test("that has no address is not to be reached", async () => {
    const client = clientOf("http://nowhere.test:5000", { ...byDns(), chooseProxy: () => "http://proxy.invalid:3128" });
    const failure = await failureOf(client.ping());
    expect(failure.kind).toBe("unreachable");
  });

  test("is gone through by name, when it is chosen, and resolves the name itself", async () => {
    const proxy = await startRawServer((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    stops.push(() => proxy.stop());
    await clientOf("http://nowhere.test:5000", { ...byDns(), chooseProxy: () => proxy.url }).ping();
    const byName = proxy.url.replace("127.0.0.1", "localhost");
    await clientOf("http://nowhere.test:5000", { ...byDns(), chooseProxy: () => byName }).ping();
    for (const header of proxy.headers) expect(header).toStartWith("GET http://nowhere.test:5000/v2/ HTTP/1.1\r\n");
    expect(proxy.headers).toHaveLength(2);
    const refused = clientOf("http://nowhere.test:5000", { ...byDns(), chooseProxy: () => "http://127.0.0.1:1" });
    expect(await failureOf(refused.ping())).toEqual({ kind: "unreachable", reason: "refused" });
  });

  test("of the environment is not gone through unasked", async () => {
    const server = serve(() => new Response());
    const program = `
      import { clientOf } from "${import.meta.dir}/../registry.fixture.ts";
      await clientOf("${server.url}").ping();
    `;
    const proxied = { HTTP_PROXY: "http://127.0.0.1:1", http_proxy: "http://127.0.0.1:1" };
    const run = Bun.spawn([process.execPath, "-e", program], { env: proxied, stdout: "ignore", stderr: "ignore" });
    expect(await run.exited).toBe(0);
    expect(server.requests.length).toBe(1);
  });

  test("cannot be used to reach a cloud's metadata", async () => {
    const server = serve(() => Response.redirect("http://169.254.169.254/latest", 302));
    const client = clientOf(server.url, {
      chooseProxy: (url) => (url.hostname === "127.0.0.1" ? null : "http://127.0.0.1:1"),
    });
    expect(await failureOf(client.ping())).toEqual({ kind: "refused" });
  });
});

describe("redirects", () => {
  test("are followed without the authorization that was meant for another server, and it does not come back", async () => {
    const seen: string[] = [];
    const note = (name: string, request: Request): void =>
      void seen.push(`${name} ${request.headers.get("authorization")}`);
    const storage = serve((request) => {
      note("storage", request);
      return new URL(request.url).pathname === "/back"
        ? Response.redirect(`${registry.url}/v2/home`, 302)
        : new Response();
    });
    const registry = serve((request) => {
      note("registry", request);
      const { pathname } = new URL(request.url);
      if (request.headers.get("authorization") === null && pathname !== "/v2/home") {
        return new Response("", { status: 401, headers: { "www-authenticate": "Basic realm=x" } });
      }
      if (pathname === "/v2/") return Response.redirect(`${registry.url}/v2/inside`, 307);
      return pathname === "/v2/inside" ? Response.redirect(`${storage.url}/back`, 307) : new Response();
    });
    await clientOf(registry.url, { credentials: fixedCredentials(NAMESPACE, "a", "b") }).ping();
    const basic = `Basic ${btoa("a:b")}`;
    expect(seen).toEqual(["registry null", `registry ${basic}`, `registry ${basic}`, "storage null", "registry null"]);
  });

  test("have an end", async () => {
    const server = serve((request) => Response.redirect(`${request.url}x`, 302));
    expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "protocol" });
    expect(server.requests.length).toBe(6);
  });

  test.each([
    ["a file", "file:///etc/passwd"],
    ["a host of no name", "http://"],
    ["half an address", "http://[::1"],
    ["an endless path", `/${"x".repeat(20_000)}`],
  ])("to %s are none", async (_, location) => {
    const server = serve(() => new Response("", { status: 302, headers: { location } }));
    expect(await failureOf(clientOf(server.url).ping())).toEqual({ kind: "protocol" });
  });
});

describe("deadlines", () => {
  test("end a request that is not answered, and one whose answer stops", async () => {
    const silent = await startRawServer(() => {});
    stops.push(() => silent.stop());
    const hasty = clientOf(silent.url, { limits: { headerTimeoutMs: 100 } });
    expect(await failureOf(hasty.ping())).toEqual({ kind: "timeout", waiting: "header" });
    const stopping = await startRawServer((socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
    stops.push(() => stopping.stop());
    const patient = clientOf(stopping.url, { limits: { headerTimeoutMs: 20_000, idleTimeoutMs: 100 } });
    expect(await failureOf(patient.getManifest(PATH, TAG))).toEqual({ kind: "timeout", waiting: "body" });
  });

  test("a slow drip is not overdue, and neither is a reader that takes its time", async () => {
    const pieces: ReadableStreamDefaultController<Uint8Array>[] = [];
    const start = (controller: ReadableStreamDefaultController<Uint8Array>) => {
      pieces.push(controller);
      controller.enqueue(new Uint8Array(10));
    };
    const server = serve(() => new Response(new ReadableStream({ start })));
    jest.useFakeTimers();
    try {
      const client = clientOf(server.url, { limits: { headerTimeoutMs: 200, idleTimeoutMs: 200 } });
      const reader = (await client.getBlob(PATH, digestOf("slow")))?.body.getReader();
      expect((await reader?.read())?.value).toHaveLength(10);
      for (let round = 0; round < 5; round++) {
        jest.advanceTimersByTime(10_000);
        const next = reader?.read();
        jest.advanceTimersByTime(150);
        pieces[0]?.enqueue(new Uint8Array(10));
        expect((await next)?.value).toHaveLength(10);
      }
      await reader?.cancel();
    } finally {
      jest.useRealTimers();
    }
  });

  test("a manifest that drips without an end is overdue, each of its pieces in time", async () => {
    const dripping = await startRawServer((socket) => {
      socket.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      const timer = setInterval(() => socket.write(" "), 20);
      socket.on("close", () => clearInterval(timer));
    });
    stops.push(() => dripping.stop());
    const client = clientOf(dripping.url, { limits: { wholeTimeoutMs: 200 } });
    expect(await failureOf(client.getManifest(PATH, TAG))).toEqual({ kind: "timeout", waiting: "body" });
  });

  test("an abort ends a request with its own reason, before the answer and amid it", async () => {
    const hanging = await startRawServer((socket, header) => {
      if (header.startsWith("GET /v2/public")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    });
    stops.push(() => hanging.stop());
    const client = clientOf(hanging.url);
    for (const ask of [
      (options: object) => client.ping(options),
      (options: object) => client.getManifest(PATH, TAG, options),
    ]) {
      const leaving = new AbortController();
      const request = ask({ signal: leaving.signal });
      setTimeout(() => leaving.abort(new Error("gone")), 30);
      expect(await request.catch((error: Error) => error.message)).toBe("gone");
    }
    const late = client.ping({ signal: AbortSignal.abort(new Error("gone already")) });
    expect(await late.catch((error: Error) => error.message)).toBe("gone already");
  });
});
