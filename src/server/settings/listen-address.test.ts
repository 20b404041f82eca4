import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatListenAddress, tryParseListenAddress } from "./listen-address.ts";

test.each([
  [":80", { host: null, port: 80 }],
  ["127.0.0.1:5000", { host: "127.0.0.1", port: 5000 }],
  ["[::1]:5000", { host: "::1", port: 5000 }],
  ["localhost:0", { host: "localhost", port: 0 }],
  ["*:80", { host: null, port: 80 }],
  ["80", null],
  ["::1:5000", null],
  ["[::1]", null],
  ["example.com:80", null],
  ["127.0.0.1:70000", null],
  ["127.0.0.1:", null],
  ["[nonsense]:80", null],
] as const)("%p is %p", (text, expected) => expect(tryParseListenAddress(text)).toEqual(expected));

test("what is printed is parsed back", () => {
  const host = fc.oneof(fc.constant(null), fc.ipV4(), fc.ipV6());
  fc.assert(
    fc.property(host, fc.nat(65535), (host, port) => {
      expect(tryParseListenAddress(formatListenAddress({ host, port }))).toEqual({ host, port });
    }),
  );
});
