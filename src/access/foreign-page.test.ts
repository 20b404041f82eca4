import { expect, test } from "bun:test";
import { findForeignPage } from "./foreign-page.ts";
import { LarderHosts } from "./larder-hosts.ts";

const hosts = new LarderHosts({
  names: ["registry.lan"],
  standIns: ["quay.io"],
  isMachineName: (name) => name === "box",
  isOwnAddress: () => false,
  ports: () => [],
});
const find = (headers: Record<string, string>, scheme: "http" | "https" = "http") =>
  findForeignPage(new Headers(headers), scheme, hosts);

test.each([{ Host: "evil.example" }, { Host: "box:5000", "User-Agent": "Mozilla/5.0" }, {}])(
  "clients that are no browsers say neither Origin nor Sec-Fetch-Site, and notice nothing: %p",
  (headers) => {
    expect(find(headers as Record<string, string>)).toBeNull();
  },
);

test.each([
  { Host: "10.0.0.5:5000", Origin: "http://10.0.0.5:5000" },
  { Host: "10.0.0.5:5000", Origin: "http://10.0.0.5:5000", "Sec-Fetch-Site": "same-origin" },
  { Host: "Box", Origin: "http://box" },
  { Host: "box:80", Origin: "http://box" },
  { Host: "[::1]:5000", Origin: "http://[::1]:5000" },
  { Host: "localhost:5000", "Sec-Fetch-Site": "none" },
])("larder's own page, or its reader: %p", (headers) => {
  expect(find(headers as Record<string, string>)).toBeNull();
});

test.each([
  ["another site", { Host: "localhost:5000", Origin: "http://evil.example" }],
  ["another port", { Host: "localhost:5000", Origin: "http://localhost:3000" }],
  ["another port, implied", { Host: "localhost:5000", Origin: "http://localhost" }],
  ["another scheme", { Host: "box", Origin: "https://box" }],
  ["another name of the same machine", { Host: "localhost:5000", Origin: "http://127.0.0.1:5000" }],
  ["a page without an origin", { Host: "localhost:5000", Origin: "null" }],
  ["an extension", { Host: "localhost:5000", Origin: "chrome-extension://abcdef" }],
  ["two origins", { Host: "localhost:5000", Origin: "http://localhost:5000, http://evil.example" }],
  ["an origin with a path", { Host: "localhost:5000", Origin: "http://localhost:5000/" }],
  ["nonsense", { Host: "localhost:5000", Origin: "" }],
  ["a name that was made to lead here", { Host: "evil.example:5000", Origin: "http://evil.example:5000" }],
  ["the same, as its browser sees it", { Host: "evil.example:5000", "Sec-Fetch-Site": "same-origin" }],
  ["a registry's page", { Host: "quay.io", Origin: "http://quay.io", "Sec-Fetch-Site": "same-origin" }],
  ["a browser that says two things", { Host: "localhost:5000", "Sec-Fetch-Site": "same-origin, cross-site" }],
  ["no host", { Host: "", Origin: "http://evil.example" }],
  ["a form of another site", { Host: "localhost:5000", "Sec-Fetch-Site": "cross-site" }],
  ["a neighbour's page", { Host: "box:5000", Origin: "http://box:5000", "Sec-Fetch-Site": "Same-Site" }],
])("%s is refused", (_, headers) => expect(find(headers as Record<string, string>)).not.toBeNull());

test("where a proxy ends TLS, the scheme is the one that it tells", () => {
  expect(find({ Host: "registry.lan", Origin: "https://registry.lan" }, "https")).toBeNull();
  expect(find({ Host: "registry.lan", Origin: "https://registry.lan" }, "http")).not.toBeNull();
});

test("a name that may be larder's comes with the way to make it so", () => {
  const page = { Host: "my.example:5000", Origin: "http://my.example:5000" };
  expect(find(page)).toContain("--name my.example");
});
