import { afterEach, describe, expect, test } from "bun:test";
import { type DnsServer, startDnsServer } from "./dns-server.fixture.ts";
import { dnsResolver, systemResolver } from "./host-resolver.ts";
import { failureOf } from "../registry.fixture.ts";
import { UpstreamError } from "./upstream-error.ts";

let dns: DnsServer | null = null;
afterEach(() => {
  dns?.close();
  dns = null;
});

describe("a resolver of its own", () => {
  test("asks its servers for both kinds of addresses, past the hosts file", async () => {
    dns = await startDnsServer({ "registry.test": ["10.1.2.3", "fd00::1"] });
    const resolver = dnsResolver([dns.address], Date.now);
    expect(await resolver.resolve("registry.test")).toEqual(["10.1.2.3", "fd00::1"]);
    expect(dns.questions).toEqual(["registry.test", "registry.test"]);
  });

  test("asks once for concurrent questions, and again when the answer has become old", async () => {
    dns = await startDnsServer({ "registry.test": ["10.1.2.3"] });
    let nowMs = 0;
    const resolver = dnsResolver([dns.address], () => nowMs);
    await Promise.all([resolver.resolve("registry.test"), resolver.resolve("registry.test")]);
    dns.records.set("registry.test", ["10.9.9.9"]);
    nowMs = 4999;
    expect(await resolver.resolve("registry.test")).toEqual(["10.1.2.3"]);
    expect(dns.questions.length).toBe(2);
    nowMs = 5000;
    expect(await resolver.resolve("registry.test")).toEqual(["10.9.9.9"]);
  });

  test("fails by name for one that does not exist, and asks again the next time", async () => {
    dns = await startDnsServer({});
    const resolver = dnsResolver([dns.address], Date.now);
    const error = await resolver.resolve("nowhere.test").catch((cause) => cause);
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error.failure).toEqual({ kind: "unreachable", reason: "name" });
    expect(error.message).toContain('no address for "nowhere.test"; is the name spelt right');
    dns.records.set("nowhere.test", ["10.1.1.1"]);
    expect(await resolver.resolve("nowhere.test")).toEqual(["10.1.1.1"]);
  });

  test("does not ask for addresses and for localhost", async () => {
    dns = await startDnsServer({});
    const resolver = dnsResolver([dns.address], Date.now);
    expect(await resolver.resolve("10.0.0.1")).toEqual(["10.0.0.1"]);
    expect(await resolver.resolve("::1")).toEqual(["::1"]);
    expect(await resolver.resolve("localhost")).toEqual(["127.0.0.1", "::1"]);
    expect(dns.questions).toEqual([]);
  });

  test("lets a caller go that does not want to wait any longer", async () => {
    const silent = await Bun.udpSocket({ hostname: "127.0.0.1" });
    const resolver = dnsResolver([`127.0.0.1:${silent.port}`], Date.now);
    const leaving = new AbortController();
    const question = resolver.resolve("registry.test", leaving.signal);
    leaving.abort(new Error("gone"));
    expect(await question.catch((error: Error) => error.message)).toBe("gone");
    silent.close();
  });

  test("is not waited for longer than three seconds, and not again while it is silent", async () => {
    const silent = await Bun.udpSocket({ hostname: "127.0.0.1" });
    let nowMs = 0;
    const servers = Array.from({ length: 4 }, () => `127.0.0.1:${silent.port}`);
    const resolver = dnsResolver(servers, () => nowMs);
    const silence = { kind: "unreachable", reason: "silent" } as const;
    const first = failureOf(resolver.resolve("registry.test"));
    nowMs = 3000;
    expect(await failureOf(resolver.resolve("registry.test"))).toEqual(silence);
    expect(await first).toEqual(silence);
    silent.close();
  });

  test("gives the addresses of one kind when nobody answers for the other", async () => {
    dns = await startDnsServer({ "registry.test": ["10.1.2.3"] });
    dns.silentFor.add("AAAA");
    expect(await dnsResolver([dns.address], Date.now).resolve("registry.test")).toEqual(["10.1.2.3"]);
  });

  test.each(["9.9.9.9:99999", "dns.example", "", "[::1", "1.2.3"])("refuses the server %p", (server) => {
    expect(() => dnsResolver([server], Date.now)).toThrow(TypeError);
  });

  test.each(["9.9.9.9", "9.9.9.9:5353", "2620:fe::9", "[2620:fe::9]", "[2620:fe::9]:5353"])(
    "takes the server %p",
    (server) => {
      expect(() => dnsResolver([server], Date.now)).not.toThrow();
    },
  );
});

test("the system's resolver fails by name as well", async () => {
  const error = await systemResolver(Date.now)
    .resolve("nowhere.invalid")
    .catch((cause) => cause);
  expect(error.failure).toEqual({ kind: "unreachable", reason: "name" });
});
