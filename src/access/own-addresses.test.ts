import { expect, test } from "bun:test";
import { type IpAddress, tryParseIpAddress } from "../lib/net/ip-address.ts";
import { OwnAddresses, ownAddressesOf } from "./own-addresses.ts";

const address = (text: string): IpAddress => tryParseIpAddress(text) ?? expect.unreachable();

test("interfaces' addresses, as they are now, and all of the loopback", () => {
  let nowMs = 0;
  let there = ["192.0.2.1", "fe80::1%eth0", "nonsense"];
  const own = new OwnAddresses(
    () => nowMs,
    () => there,
  );
  const found = (...texts: string[]) => texts.map((text) => own.includes(address(text)));
  expect(found("192.0.2.1", "::ffff:192.0.2.1", "127.9.9.9", "::1")).toEqual([true, true, true, true]);
  expect(found("192.0.2.2", "10.0.0.1", "::")).toEqual([false, false, false]);
  expect(own.list().map(String)).toEqual(["192.0.2.1", "fe80::1"]);
  there = ["192.0.2.2"];
  nowMs = 2001;
  expect(found("192.0.2.1", "192.0.2.2")).toEqual([false, true]);
});

test("what everybody has who comes into a container without root by a published port is nobody's own", () => {
  const one = (address: string) => [
    { address, netmask: "", mac: "", internal: false, cidr: null, family: "IPv4" as const },
  ];
  const interfaces = { lo: one("127.0.0.1"), tap0: one("10.0.2.100"), eth0: one("10.0.2.15"), tap1: one("10.0.2.7") };
  expect(ownAddressesOf(interfaces)).toEqual(["127.0.0.1", "10.0.2.15", "10.0.2.7"]);
  expect(ownAddressesOf({ tap0: one("192.0.2.9"), eth1: undefined })).toEqual(["192.0.2.9"]);
});
