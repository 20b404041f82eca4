import { describe, expect, test } from "bun:test";
import type { NetworkInterfaceInfo } from "node:os";
import { AccessRule } from "./access.ts";
import { listLocalAddresses, reachableAddresses, wantedAddresses } from "./local-addresses.ts";

const info = (address: string, prefix: number): NetworkInterfaceInfo =>
  ({ address, family: address.includes(":") ? "IPv6" : "IPv4", cidr: `${address}/${prefix}` }) as NetworkInterfaceInfo;

const local = listLocalAddresses({
  lo: [info("127.0.0.1", 8), info("::1", 128)],
  eth0: [info("10.0.0.5", 24), info("10.0.0.6", 24), info("fe80::1", 64), info("fd00::5", 64)],
  eth1: [info("203.0.113.9", 28), info("fe80::1", 64)],
  gone: undefined,
});

describe("the addresses to listen on", () => {
  const wanted = (...addresses: readonly (string | null)[]) =>
    wantedAddresses(
      addresses.map((address) => ({ address, port: 53 })),
      local,
    ).map(({ address }) => address);

  test("are every interface's, one by one, link-local ones with their zone", () => {
    const ipv4 = ["127.0.0.1", "10.0.0.5", "10.0.0.6", "203.0.113.9"];
    expect(wanted("0.0.0.0")).toEqual(ipv4);
    expect(wanted("::")).toEqual(["::1", "fe80::1%eth0", "fd00::5", "fe80::1%eth1"]);
    expect(wanted(null).toSorted()).toEqual([...ipv4, ...wanted("::")].toSorted());
  });

  test("are named ones whether or not this machine has them, and each once", () => {
    expect(wanted("192.0.2.1", "127.0.0.1")).toEqual(["192.0.2.1", "127.0.0.1"]);
    const twice = wantedAddresses(
      [null, "127.0.0.1", "0.0.0.0"].map((address) => ({ address, port: 53 })),
      local,
    );
    expect(twice.filter(({ address }) => address === "127.0.0.1")).toEqual([
      { address: "127.0.0.1", port: 53, isNamed: true },
    ]);
  });
});

describe("the addresses to give as an answer", () => {
  test("are the one that was asked, and the first of the other family on the same interface", () => {
    expect(reachableAddresses("10.0.0.6", local)).toEqual(["10.0.0.6", "fd00::5"]);
    expect(reachableAddresses("fd00::5", local)).toEqual(["10.0.0.5", "fd00::5"]);
    expect(reachableAddresses("127.0.0.1", local)).toEqual(["127.0.0.1", "::1"]);
  });

  test("are never link-local: those need a zone", () => {
    expect(reachableAddresses("fe80::1%eth0", local)).toEqual(["10.0.0.5", "fd00::5"]);
    expect(reachableAddresses("fe80::1%eth1", local)).toEqual(["203.0.113.9"]);
    expect(reachableAddresses("203.0.113.9", local)).toEqual(["203.0.113.9"]);
  });

  test("are the address itself when no interface has it", () => {
    expect(reachableAddresses("127.0.0.2", local)).toEqual(["127.0.0.2"]);
  });
});

describe("who may ask", () => {
  const rule = new AccessRule(
    "local",
    local.map(({ cidr }) => cidr),
  );

  test("are private, loopback and link-local addresses, and the neighbours of this machine's interfaces", () => {
    const near = ["127.0.0.1", "::1", "10.9.9.9", "172.31.0.1", "192.168.3.4", "169.254.1.1", "100.64.0.1", "fd12::1"];
    for (const address of [...near, "fe80::9%eth0", "::ffff:10.0.0.1", "203.0.113.14"]) {
      expect([address, rule.allows(address)]).toEqual([address, true]);
    }
    for (const address of ["8.8.8.8", "172.32.0.1", "203.0.113.16", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"]) {
      expect([address, rule.allows(address)]).toEqual([address, false]);
      expect(rule.allows(address)).toBe(false);
    }
  });

  test("are all when the operator says so", () => {
    expect(new AccessRule("all", []).allows("8.8.8.8")).toBe(true);
  });
});
