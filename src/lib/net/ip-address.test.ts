import { expect, test } from "bun:test";
import fc from "fast-check";
import { isLinkLocal, tryParseIpAddress, plainAddress } from "./ip-address.ts";

test.each([
  ["127.0.0.1", "127.0.0.1"],
  ["::ffff:127.0.0.1", "127.0.0.1"],
  ["::ffff:7f00:1", "127.0.0.1"],
  ["::FFFF:7F00:1", "127.0.0.1"],
  ["0:0:0:0:0:ffff:7f00:0001", "127.0.0.1"],
  ["[::1]", "::1"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["FE80::A%eth0", "fe80::a"],
  ["[fe80::a%25eth0]", "fe80::a"],
  ["2001:DB8:0:0::1", "2001:db8::1"],
])("%s is %s", (text, expected) => expect(tryParseIpAddress(text)?.toString()).toBe(expected));

test.each(["::127.0.0.1", "::7f00:1", "64:ff9b::127.0.0.1", "1::127.0.0.1"])(
  "%s holds the bytes of an IPv4 address, and is none",
  (text) => expect(tryParseIpAddress(text)?.kind()).toBe("ipv6"),
);

test.each(["", "localhost", "127.0.0.1:80", "[::1]:80", "::1::", "%eth0", "1.2.3.4.5", "127.0.0.1, ::1"])(
  "%p is no address",
  (text) => expect(tryParseIpAddress(text)).toBeNull(),
);

test("all of fe80::/10 and 169.254/16 is link-local, and nothing beside it", () => {
  const isLocal = (text: string) => isLinkLocal(tryParseIpAddress(text) ?? expect.unreachable());
  expect(
    ["fe80::", "febf:ffff::1%3", "169.254.0.1", "::ffff:169.254.255.255"].filter((text) => !isLocal(text)),
  ).toEqual([]);
  expect(["fec0::1", "fe7f::1", "169.253.0.1", "::1", "10.0.0.1"].filter(isLocal)).toEqual([]);
});

test("an address that was printed is read back the same", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
      const address = tryParseIpAddress(text);
      expect(tryParseIpAddress(address?.toString() ?? "")?.toString()).toBe(address?.toString());
    }),
  );
});

test.each([
  ["::ffff:10.0.0.9", "10.0.0.9"],
  ["10.0.0.9", "10.0.0.9"],
  ["::1", "::1"],
  ["::ffff:0:1", "::ffff:0:1"],
])("%p is written %p", (text, plain) => {
  expect(plainAddress(text)).toBe(plain);
});
