import { describe, expect, test } from "bun:test";
import { guardedRangeOf } from "./guarded-range.ts";

describe("guarded ranges", () => {
  test.each([
    ["127.0.0.1", "loopback"],
    ["127.255.0.9", "loopback"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::127.0.0.1", "loopback"],
    ["64:ff9b::7f00:1", "loopback"],
    ["2002:7f00:1::", "loopback"],
    ["169.254.169.254", "link-local"],
    ["::ffff:a9fe:a9fe", "link-local"],
    ["64:ff9b::169.254.169.254", "link-local"],
    ["fe80::1", "link-local"],
    ["fe80::1%eth0", "link-local"],
    ["febf:ffff::1", "link-local"],
    ["0.0.0.0", "unspecified"],
    ["0.1.2.3", "unspecified"],
    ["::", "unspecified"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "multicast"],
    ["ff02::1", "multicast"],
    ["fd00:ec2::254", "metadata"],
    ["100.100.100.200", "metadata"],
  ] as const)("%s is %s", (address, range) => {
    expect(guardedRangeOf(address)).toBe(range);
  });

  test.each([
    "1.1.1.1",
    "10.0.0.9",
    "192.168.1.1",
    "172.16.0.1",
    "100.64.0.1",
    "2620:fe::9",
    "fd00::1",
    "::ffff:8.8.8.8",
  ])("%s is not guarded", (address) => {
    expect(guardedRangeOf(address)).toBeNull();
  });
});
