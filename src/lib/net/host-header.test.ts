import { expect, test } from "bun:test";
import { tryParseHost } from "./host-header.ts";

test.each([
  ["registry.lan", "registry.lan", null],
  ["Registry.LAN.:5000", "registry.lan", 5000],
  ["10.0.0.5:80", "10.0.0.5", 80],
  ["[FD00::5]:5000", "fd00::5", 5000],
  ["[::1]", "::1", null],
  ["[::ffff:127.0.0.1]:5000", "127.0.0.1", 5000],
  ["[fe80::1%25eth0]:5000", "fe80::1", 5000],
  ["127.1:5000", "127.0.0.1", 5000],
])("%s", (text, name, port) => {
  const host = tryParseHost(text);
  expect([host?.name, host?.port]).toEqual([name, port]);
  expect(host?.address?.toString() ?? null).toBe(/^\d|:/.test(name) ? name : null);
});

test.each([
  "",
  ".",
  ":80",
  "a, b",
  "a b",
  "a/b",
  "user@a",
  "[a]",
  "[::1",
  "::1",
  "::1:5000",
  "a:99999",
  "a:b",
  "a:1:2",
  "http://a",
])("%p is no host", (text) => expect(tryParseHost(text)).toBeNull());
