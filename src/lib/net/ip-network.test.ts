import { expect, test } from "bun:test";
import { tryParseIpAddress } from "./ip-address.ts";
import { isInside, tryParseIpNetwork } from "./ip-network.ts";

const networks = (...texts: string[]) => texts.map((text) => tryParseIpNetwork(text) ?? expect.unreachable());
const inside = (address: string, ...texts: string[]) =>
  isInside(tryParseIpAddress(address) ?? expect.unreachable(), networks(...texts));

test.each([
  ["10.1.2.3", "10.0.0.0/8"],
  ["::ffff:10.1.2.3", "10.0.0.0/8"],
  ["10.1.2.3", "::ffff:10.0.0.0/104"],
  ["127.0.0.2", "127.0.0.2"],
  ["fd00::7", "fd00::/8"],
  ["203.0.113.1", "0.0.0.0/0"],
])("%s is in %s", (address, network) => expect(inside(address, network)).toBe(true));

test.each([
  ["11.1.2.3", "10.0.0.0/8"],
  ["127.0.0.1", "127.0.0.2"],
  ["::1", "0.0.0.0/0"],
  ["10.0.0.1", "::/0"],
])("%s is not in %s", (address, network) => expect(inside(address, network)).toBe(false));

test.each([
  "",
  "10.0.0.0/33",
  "10.0.0.0/",
  "10.0.0.0/-1",
  "10.0.0.0/8/8",
  "fd00::/129",
  "eth0",
  "fe80::1%eth0",
  "::ffff:10.0.0.0/8",
])("%p is no network", (text) => expect(tryParseIpNetwork(text)).toBeNull());
