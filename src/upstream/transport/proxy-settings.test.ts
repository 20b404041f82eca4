import { describe, expect, test } from "bun:test";
import { proxyFromEnvironment } from "./proxy-settings.ts";

const PROXY = "http://proxy.test:3128";
const choose = (environment: Record<string, string>, url: string): string | null =>
  proxyFromEnvironment(environment)(new URL(url));

describe("a proxy from the environment", () => {
  test("is chosen by the scheme, in upper or lower case, with a scheme or without", () => {
    const environment = { HTTPS_PROXY: PROXY, http_proxy: "other.test:80" };
    expect(choose(environment, "https://quay.io/v2/")).toBe(PROXY);
    expect(choose(environment, "http://quay.io/v2/")).toBe("http://other.test:80");
    expect(choose({ HTTPS_PROXY: "" }, "https://quay.io/")).toBeNull();
    expect(choose({}, "https://quay.io/")).toBeNull();
  });

  test.each(["https://localhost:5000/", "https://127.0.0.1/", "https://[::1]:5000/", "https://[::ffff:127.0.0.1]/"])(
    "is never used for %s",
    (url) => {
      expect(choose({ HTTPS_PROXY: PROXY }, url)).toBeNull();
    },
  );

  test.each([
    ["*", "https://quay.io/", true],
    ["quay.io", "https://quay.io/", true],
    ["quay.io", "https://cdn.quay.io/", true],
    ["quay.io", "https://notquay.io/", false],
    [".quay.io", "https://quay.io/", false],
    [".quay.io, ghcr.io", "https://cdn.quay.io/", true],
    ["*.quay.io", "https://cdn.quay.io/", true],
    ["QUAY.io:443", "https://quay.io/", true],
    ["quay.io:8443", "https://quay.io/", false],
    ["10.0.0.0/8", "https://10.1.2.3:5000/", true],
    ["10.0.0.0/8", "https://11.1.2.3:5000/", false],
    ["10.0.0.0/8", "https://[fd00::1]/", false],
    ["fd00::/8", "https://[fd00::1]/", true],
    ["10.1.2.3", "https://10.1.2.3/", true],
    ["[fd00::1]:443", "https://[fd00::1]/", true],
  ])("with NO_PROXY %p and %s: goes straight there: %p", (exceptions, url, straight) => {
    expect(choose({ HTTPS_PROXY: PROXY, NO_PROXY: exceptions }, url)).toBe(straight ? null : PROXY);
  });
});
