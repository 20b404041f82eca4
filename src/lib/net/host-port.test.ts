import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatHostPort, hostWithoutPort, tryParseHostPort } from "./host-port.ts";

test.each([
  ["registry.lan", "registry.lan", null],
  ["Registry.LAN.:5000", "Registry.LAN.", 5000],
  ["10.0.0.5:80", "10.0.0.5", 80],
  ["[fd00::5]", "fd00::5", null],
  ["[fe80::1%eth0]:0", "fe80::1%eth0", 0],
  [":80", "", 80],
  ["*:65535", "*", 65535],
] as const)("%s", (text, host, port) => expect(tryParseHostPort(text)).toEqual({ host, port }));

test.each([
  "a b",
  "a/b",
  "user@a",
  "[a]",
  "[]",
  "[::1",
  "::1",
  "::1:5000",
  "a:99999",
  "a:b",
  "a:",
  "a:1:2",
  "[::1]5000",
])("%p is no host with a port", (text) => expect(tryParseHostPort(text)).toBeNull());

test("what is printed is parsed back", () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.option(fc.nat(65_535)), (host, port) => {
      expect(tryParseHostPort(formatHostPort(host, port))).toEqual({ host, port });
    }),
  );
});

test("a host without its port has no brackets, and an address without them stays whole", () => {
  const hosts = ["registry.lan:5000", "[fd00::5]:5000", "[fd00::5]", "fd00::5", "10.0.0.5"];
  expect(hosts.map(hostWithoutPort)).toEqual(["registry.lan", "fd00::5", "fd00::5", "fd00::5", "10.0.0.5"]);
});
