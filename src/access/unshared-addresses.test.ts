import { expect, test } from "bun:test";
import { interfaceAddresses } from "../lib/net/machine-addresses.ts";
import { unsharedAddresses } from "./unshared-addresses.ts";

test("what everybody has who comes into a container without root by a published port is nobody's own", () => {
  const one = (address: string) => [
    { address, netmask: "", mac: "", internal: false, cidr: null, family: "IPv4" as const },
  ];
  const interfaces = { lo: one("127.0.0.1"), tap0: one("10.0.2.100"), eth0: one("10.0.2.15"), tap1: one("10.0.2.7") };
  expect(unsharedAddresses(interfaceAddresses(interfaces))).toEqual(["127.0.0.1", "10.0.2.15", "10.0.2.7"]);
  const others = { tap0: one("192.0.2.9"), eth1: undefined };
  expect(unsharedAddresses(interfaceAddresses(others))).toEqual(["192.0.2.9"]);
});
