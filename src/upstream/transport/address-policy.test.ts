import { describe, expect, test } from "bun:test";
import { AddressPolicy, guardedRangeOf } from "./address-policy.ts";

function allows(configured: string, url: string, address: string): boolean {
  try {
    new AddressPolicy([new URL(configured)]).check(new URL(url), address);
    return true;
  } catch {
    return false;
  }
}

describe("the address policy", () => {
  test("lets a registry lead to public and private addresses", () => {
    expect(allows("https://quay.io/v2", "https://cdn.quay.io/x", "1.2.3.4")).toBe(true);
    expect(allows("https://quay.io/v2", "https://cdn.quay.io/x", "10.0.0.9")).toBe(true);
  });

  test("keeps a registry from leading to this machine, this link or a cloud's metadata", () => {
    for (const address of ["127.0.0.1", "169.254.169.254", "::1", "fe80::1", "0.0.0.0", "ff02::1", "fd00:ec2::254"]) {
      expect(allows("https://quay.io/v2", "https://evil.example/x", address)).toBe(false);
    }
  });

  test("lets one that is configured in a range lead into that range alone", () => {
    expect(allows("http://127.0.0.1:5000/v2", "http://127.0.0.1:5001/token", "127.0.0.1")).toBe(true);
    expect(allows("http://localhost:5000/v2", "http://localhost:5001/token", "::1")).toBe(true);
    expect(allows("http://127.0.0.1:5000/v2", "http://169.254.169.254/x", "169.254.169.254")).toBe(false);
    expect(allows("http://169.254.1.1:5000/v2", "http://169.254.1.1:5001/x", "169.254.1.1")).toBe(true);
  });

  test("lets a configured name lead to this machine, at its own port, and never to this link", () => {
    expect(allows("http://registry.test:5000/v2", "http://registry.test:5000/v2/", "127.0.0.1")).toBe(true);
    expect(allows("http://registry.test:5000/v2", "http://registry.test:22/", "127.0.0.1")).toBe(false);
    expect(allows("http://registry.test/v2", "http://registry.test/v2/", "169.254.169.254")).toBe(false);
  });
});

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
