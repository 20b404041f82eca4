import { describe, expect, test } from "bun:test";
import { AddressPolicy } from "./address-policy.ts";

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
