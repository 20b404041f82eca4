import { expect, test } from "bun:test";
import { tryParseHost } from "../lib/net/host-header.ts";
import { LarderHosts } from "./larder-hosts.ts";

const hosts = new LarderHosts({
  names: ["registry.lan", "Other.LAN:8443", "[fd00::9]:5000", "not a name"],
  standIns: ["docker.io", "registry-1.docker.io", "quay.io"],
  isMachineName: (name) => ["box", "box.example.org"].includes(name),
  isOwnAddress: (address) => ["192.0.2.1", "2001:db8::1"].includes(address.toString()),
  ports: () => [
    { scheme: "http", port: 5000 },
    { scheme: "https", port: 443 },
  ],
});
const parsed = (text: string) => tryParseHost(text) ?? expect.unreachable(`${text} is no host`);
const leadsHere = (text: string, scheme: "http" | "https" = "http") => hosts.leadHere(parsed(text), scheme);

test.each([
  "localhost:5000",
  "LOCALHOST.",
  "app.localhost:9",
  "127.0.0.1:5000",
  "127.9.9.9",
  "[::1]:6000",
  "[::ffff:127.0.0.1]:5000",
  "0.0.0.0:5000",
  "192.0.2.1:5000",
  "[2001:DB8::1]:5000",
  "box:5000",
  "BOX.Example.ORG.:5000",
  "registry.lan",
  "registry.lan:7",
  "other.lan:8443",
  "[fd00::9]:5000",
])("a client here that wants larder may say %s", (text) => {
  expect(leadsHere(text)).toBe(true);
  expect(hosts.includes(parsed(text))).toBe(true);
});

test.each(["docker.io", "registry-1.docker.io:443", "quay.io:5000"])(
  "a client here may push by %s, but no page at it is larder's",
  (text) => {
    expect(leadsHere(text)).toBe(true);
    expect(hosts.includes(parsed(text))).toBe(false);
  },
);

test.each([
  "evil.example",
  "evil.example:5000",
  "localhost.evil.example",
  "evillocalhost",
  "other.lan",
  "box.evil",
  "xquay.io",
])("%s is not larder's", (text) => {
  expect(leadsHere(text)).toBe(false);
  expect(hosts.includes(parsed(text))).toBe(false);
});

test.each(["192.0.2.1:8080", "192.0.2.1", "box", "box:80", "203.0.113.5:5000", "10.0.0.1:5000"])(
  "%s is no page of another's, but a proxy's port or another machine",
  (text) => {
    expect(leadsHere(text)).toBe(false);
    expect(hosts.includes(parsed(text))).toBe(true);
  },
);

test("a port that is not said is the one of the scheme", () => {
  expect(leadsHere("box", "https")).toBe(true);
  expect(leadsHere("box", "http")).toBe(false);
});
