import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatSocketAddress, tryParseSocketAddress } from "./socket-address.ts";

test("the address of a server is read as it was printed", () => {
  const address = fc.oneof(fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(address, fc.integer({ min: 1, max: 65_535 }), (address, port) => {
      expect(tryParseSocketAddress(formatSocketAddress({ address, port }), 53)).toEqual({ address, port });
      expect(tryParseSocketAddress(address, 53)).toEqual({ address, port: 53 });
    }),
  );
  expect(tryParseSocketAddress("fe80::1%eth0", 53)).toEqual({ address: "fe80::1%eth0", port: 53 });
});

test.each(["dns.example.com", "", "9.9.9", "9.9.9.9:0", "9.9.9.9:70000", "[::1", "[9.9.9]:53", "::1]:53"])(
  "%p is none",
  (text) => expect(tryParseSocketAddress(text, 53)).toBeNull(),
);
