import { expect, test } from "bun:test";
import { join } from "node:path";
import { parseResolvConf, readResolvers } from "./resolvers.ts";

test("servers are IP addresses, with a port or with that of DNS", async () => {
  expect(await readResolvers(["9.9.9.9", "[2620:fe::fe]:5353", "fe80::1%eth0"])).toEqual([
    { address: "9.9.9.9", port: 53 },
    { address: "2620:fe::fe", port: 5353 },
    { address: "fe80::1%eth0", port: 53 },
  ]);
});

test.each(["dns.example.com", "", "9.9.9", "9.9.9.9:0", "[::1"])("%p is refused, and quoted", async (text) => {
  await expect(readResolvers([text])).rejects.toThrow(`${JSON.stringify(text)} is not a DNS server`);
});

test("resolv.conf names its servers in lines that begin with nameserver", () => {
  const text = "# nameserver 1.1.1.1\nnameserver 9.9.9.9 # quad\nnameserver\tfe80::1%eth0\n nameserver 8.8.8.8\n";
  expect(parseResolvConf(`${text}nameserver 9.9.9.9\nnameserver 0.0.0.0\nnameserver dns\nsearch a.b`)).toEqual([
    { address: "9.9.9.9", port: 53 },
    { address: "fe80::1%eth0", port: 53 },
    { address: "127.0.0.1", port: 53 },
  ]);
  expect(parseResolvConf("")).toEqual([]);
});

test("a machine without a resolv.conf has no servers", async () => {
  expect(await readResolvers({ resolvConf: join(import.meta.dir, "no-such.conf") })).toEqual([]);
});
