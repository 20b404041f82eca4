import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { type AddressInfo, createServer } from "node:net";
import { type DnsServer, startDnsServer } from "../../src/upstream/transport/dns-server.fixture.ts";
import { makeBlob, makeImage } from "../conformance/content-factory.ts";
import { expectError } from "../conformance/expect-error.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { ask, type Way } from "../conformance/ways-of-asking.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";

/** An upstream that has a name, at which larder is given no loopback address: its own port is all it may lead to. */
const NAMED = "named.test";

let dns: DnsServer;
let upstream: MisbehavingUpstream;
/** Listens, and must never be asked for anything. */
let victim: MisbehavingUpstream;
let larder: LarderProcess;
beforeAll(async () => {
  upstream = await MisbehavingUpstream.start();
  victim = await MisbehavingUpstream.start();
  dns = await startDnsServer({
    [NAMED]: ["127.0.0.1"],
    "evil.example": ["127.0.0.1"],
    "elsewhere.test": ["127.0.0.1"],
    "metadata.test": ["169.254.169.254"],
  });
  larder = await startLarder({
    arguments: ["--upstream", `${NAMED}=http://${NAMED}:${upstream.port}`, "--resolver", dns.address],
  });
});
afterEach(() => upstream.behave());
afterAll(async () => {
  await larder.stop();
  await upstream.stop();
  await victim.stop();
  dns.close();
});

test("an upstream is looked up at the resolver and nowhere else", async () => {
  const image = makeImage();
  upstream.addImage(image, "1");
  const reply = await ask(larder.url, { ns: NAMED }, "team/app/manifests/1");
  expect(reply.bytes).toEqual(image.manifest.bytes);
  expect(dns.questions).toContain(NAMED);
});

describe("a host that larder does not stand in for is never contacted, be it named by", () => {
  const evil = () => `evil.example:${victim.port}`;
  const ways: readonly (readonly [string, () => Way, number])[] = [
    ["ns", () => ({ ns: evil() }), 404],
    ["ns, without a port", () => ({ ns: "evil.example" }), 404],
    ["ns, as an address", () => ({ ns: `127.0.0.1:${victim.port}` }), 404],
    ["ns, as an IPv6 address", () => ({ ns: `[::1]:${victim.port}` }), 404],
    ["ns, with a user before the known name", () => ({ ns: `${NAMED}@${evil()}` }), 400],
    ["the host", () => ({ host: evil() }), 404],
    ["the path's beginning", () => ({ before: `/${evil()}` }), 404],
    ["the repository's first part", () => ({ prefix: `${evil()}/` }), 404],
  ];
  test.each(ways)("%s", async (_, way, status) => {
    const { digest } = makeBlob();
    for (const tail of ["manifests/1", `manifests/${digest}`, `blobs/${digest}`, `referrers/${digest}`, "tags/list"]) {
      const reply = await ask(larder.url, way(), `nobody/app/${tail}`);
      // A manifest that nobody has is referred to by nothing.
      expect(reply.status, tail).toBe(tail.startsWith("referrers") && status === 404 ? 200 : status);
    }
    expect(dns.questions.filter((name) => name.includes("evil"))).toEqual([]);
    expect(victim.count()).toBe(0);
  });
});

describe("what an upstream's answer leads to is not contacted when it is", () => {
  const places: readonly (readonly [string, () => string])[] = [
    ["loopback", () => `http://127.0.0.1:${victim.port}/x`],
    ["loopback by a name", () => `http://localhost:${victim.port}/x`],
    ["loopback by somebody's name", () => `http://elsewhere.test:${victim.port}/x`],
    ["another port of its own host", () => `http://${NAMED}:${victim.port}/x`],
    ["loopback in a number", () => `http://2130706433:${victim.port}/x`],
    ["loopback in IPv6", () => `http://[::ffff:127.0.0.1]:${victim.port}/x`],
    ["the address of a cloud's credentials", () => "http://169.254.169.254/latest/meta-data/"],
    ["that address by a name", () => "http://metadata.test/latest/meta-data/"],
    ["a link-local address", () => "http://[fe80::1]/x"],
    ["a file", () => "file:///etc/passwd"],
  ];
  test.each(places)("%s, by a redirect", async (_, place) => {
    const { digest } = makeBlob();
    upstream.misbehave({}, { kind: "redirect", to: place() });
    for (const tail of [`blobs/${digest}`, "manifests/redirected"]) {
      const reply = await ask(larder.url, { ns: NAMED }, `team/app/${tail}`);
      expect(reply.status).toBe(502);
      expect(reply.text).toMatch(/does not contact|where a URL was expected/);
    }
    expect(victim.count()).toBe(0);
  });

  test.each(places)("%s, as a token service", async (_, place) => {
    const challenge = { "WWW-Authenticate": `Bearer realm="${place()}",service="x"` };
    upstream.misbehave({}, { kind: "status", status: 401, headers: challenge });
    const reply = await ask(larder.url, { ns: NAMED }, "team/app/manifests/guarded");
    expect(reply.status).toBe(502);
    expect(reply.text).toMatch(/does not contact|where a URL was expected/);
    expect(victim.count()).toBe(0);
  });
});

describe("a request that comes back is refused with an explanation", () => {
  const { digest } = makeBlob();

  test("when the upstream's name leads to larder itself", async () => {
    const port = await freePort();
    dns.records.set("loop.test", ["127.0.0.1"]);
    const looping = await startLarder({
      http: `127.0.0.1:${port}`,
      arguments: ["--upstream", `loop.test=http://loop.test:${port}`, "--resolver", dns.address],
    });
    try {
      expect(await refusalOf(looping, "manifests/1", `manifests/${digest}`, `blobs/${digest}`)).toContain("--resolver");
    } finally {
      await looping.stop();
    }
  });

  test("when two larders are each other's upstream", async () => {
    const ports = [await freePort(), await freePort()] as const;
    const start = (own: number, others: number) =>
      startLarder({
        http: `127.0.0.1:${own}`,
        arguments: ["--upstream", `loop.test=http://127.0.0.1:${others}/loop.test`],
      });
    const [one, two] = await Promise.all([start(ports[0], ports[1]), start(ports[1], ports[0])]);
    try {
      await refusalOf(one, `blobs/${digest}`);
    } finally {
      await Promise.all([one.stop(), two.stop()]);
    }
  });

  /** What larder says, first, to those who ask for these of `loop.test`. */
  async function refusalOf({ url }: LarderProcess, ...tails: readonly string[]): Promise<string> {
    const said: string[] = [];
    for (const tail of tails) {
      const reply = await ask(url, { ns: "loop.test" }, `team/app/${tail}`);
      expectError(reply, 508, "LOOP_DETECTED");
      said.push(reply.text);
    }
    expect((await ask(url, { ns: "loop.test" }, `team/app/referrers/${digest}`)).status).toBe(200);
    expect(said).toEqual(said.filter((text) => /loop\.test.*could not be fetched/.test(text)));
    return said[0] ?? "";
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
