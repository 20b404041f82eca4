import { expect, test } from "bun:test";
import { OwnMachineAccess, type Writer } from "./write-access.ts";

const own = new Set(["192.0.2.1", "2001:db8::1"]);
const access = new OwnMachineAccess(
  () => 0,
  () => own,
);
const from = (address: string | null, more: Partial<Writer> = {}) => {
  const writer = { address, forwarded: null, forwardedFor: null, ...more };
  return () => access.check(writer);
};

test.each(["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "192.0.2.1", "::ffff:192.0.2.1", "2001:DB8::1"])(
  "%s is this machine",
  (address) => expect(from(address)).not.toThrow(),
);

test.each(["192.0.2.2", "::ffff:192.0.2.2", "2001:db8::2", "10.127.0.1", null])("%p is not", (address) => {
  expect(from(address)).toThrow("--open");
});

test("behind a proxy on this machine, those whom it forwards for count", () => {
  expect(from("127.0.0.1", { forwardedFor: "192.0.2.1" })).not.toThrow();
  expect(from("127.0.0.1", { forwardedFor: "127.0.0.1, 203.0.113.9" })).toThrow("203.0.113.9");
  expect(from("127.0.0.1", { forwarded: 'for="[2001:db8::9]:4711";proto=https' })).toThrow("2001:db8::9");
  expect(from("127.0.0.1", { forwarded: "by=203.0.113.43;for=192.0.2.1:80, for=unknown" })).toThrow("unknown");
  expect(from("127.0.0.1", { forwarded: "proto=https;host=example" })).not.toThrow();
  expect(from("203.0.113.9", { forwardedFor: "127.0.0.1" })).toThrow("203.0.113.9");
});
