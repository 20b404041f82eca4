import { expect, test } from "bun:test";
import { type IpAddress, tryParseIpAddress } from "./ip-address.ts";
import { interfaceAddresses, MachineAddresses } from "./machine-addresses.ts";

const address = (text: string): IpAddress => tryParseIpAddress(text) ?? expect.unreachable();

test("interfaces' addresses, as they are now, and all of the loopback", () => {
  let nowMs = 0;
  let there = ["192.0.2.1", "fe80::1%eth0", "nonsense"];
  const own = new MachineAddresses(
    () => nowMs,
    () => there,
  );
  const found = (...texts: string[]) => texts.map((text) => own.includes(address(text)));
  expect(found("192.0.2.1", "::ffff:192.0.2.1", "127.9.9.9", "::1")).toEqual([true, true, true, true]);
  expect(found("192.0.2.2", "10.0.0.1", "::")).toEqual([false, false, false]);
  const texts = ["192.0.2.1", "127.9.9.9", "::1", "fe80::1", "192.0.2.2"];
  expect(texts.map((text) => own.includesText(text))).toEqual([true, true, true, true, false]);
  expect(own.list().map(String)).toEqual(["192.0.2.1", "fe80::1"]);
  there = ["192.0.2.2"];
  nowMs = 2001;
  expect(found("192.0.2.1", "192.0.2.2")).toEqual([false, true]);
  expect(own.includesText("192.0.2.1")).toBe(false);
});

test("this machine has a loopback interface", () => {
  const inside = interfaceAddresses().filter(({ isInternal }) => isInternal);
  expect(inside.map(({ address }) => address)).toContain("127.0.0.1");
});
