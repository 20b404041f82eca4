import { expect, test } from "bun:test";
import { tryParseIpNetwork } from "../lib/net/ip-network.ts";
import { newInstanceId, outgoingVia } from "../upstream/loop-mark.ts";
import { findProxyHeader, forwardedClients, forwardedScheme } from "./proxy-headers.ts";

const trusted = ["127.0.0.2", "10.0.0.0/8", "fd00::/8"].map((text) => tryParseIpNetwork(text) ?? expect.unreachable());
const clients = (headers: Record<string, string>) =>
  forwardedClients(new Headers(headers), trusted).map((client) => client?.toString() ?? null);

test.each([
  ["Forwarded", "for=192.0.2.1"],
  ["X-Forwarded-For", "192.0.2.1"],
  ["X-Forwarded-Proto", "https"],
  ["X-Forwarded-Prefix", "/a"],
  ["X-Real-IP", "192.0.2.1"],
  ["X-Envoy-Expected-Rq-Timeout-Ms", "15000"],
  ["Via", "1.1 squid"],
  ["Via", "1.1 larder-0123456789abcdef, 1.1 squid"],
  ["Via", "1.1 larder-0123456789abcdef squid"],
])("%s: %s shows a proxy", (name, value) => {
  expect(findProxyHeader(new Headers({ Host: "a", [name]: value }))).toBe(name.toLowerCase());
});

test("a request of a client, and of a larder that names itself, shows none", () => {
  const via = outgoingVia(newInstanceId(), outgoingVia(newInstanceId(), null));
  const headers = { Host: "a", Connection: "close", "User-Agent": "docker/29", Accept: "*/*", Via: via };
  expect(findProxyHeader(new Headers(headers))).toBeNull();
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["127.0.0.1, 203.0.113.9", "203.0.113.9"],
  ["127.0.0.1, 203.0.113.9, 10.1.1.1, fd00::1", "203.0.113.9"],
  ["203.0.113.9:4711", "203.0.113.9"],
  ["[2001:db8::9]:4711", "2001:db8::9"],
  ["2001:db8::9", "2001:db8::9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["127.0.0.1, unknown", null],
  ["127.0.0.1, unknown, 10.1.1.1", null],
  ["10.1.1.1", null],
  ["", null],
])("X-Forwarded-For: %p names %p", (value, expected) => {
  expect(clients({ "X-Forwarded-For": value })).toEqual([expected]);
});

test.each([
  ["for=192.0.2.1", "192.0.2.1"],
  ['For="[2001:db8::9]:4711";proto=https', "2001:db8::9"],
  ["by=203.0.113.43;for=192.0.2.1:80", "192.0.2.1"],
  ["for=127.0.0.1, for=203.0.113.9;proto=http", "203.0.113.9"],
  ['for=203.0.113.9;by="a, for=127.0.0.1"', "203.0.113.9"],
  ["for=127.0.0.1, for=_hidden", null],
  ["for=127.0.0.1, proto=https;host=example", null],
  ["for=203.0.113.9, for=10.0.0.1", "203.0.113.9"],
])("Forwarded: %s names %p", (value, expected) => expect(clients({ Forwarded: value })).toEqual([expected]));

test("both headers count: one of them may be the client's own word", () => {
  expect(clients({ Forwarded: "for=127.0.0.1", "X-Forwarded-For": "203.0.113.9" })).toEqual([
    "127.0.0.1",
    "203.0.113.9",
  ]);
  expect(clients({})).toEqual([]);
});

test("the scheme is the last proxy's word", () => {
  const scheme = (headers: Record<string, string>) => forwardedScheme(new Headers(headers));
  expect(scheme({ "X-Forwarded-Proto": "http, HTTPS" })).toBe("https");
  expect(scheme({ Forwarded: "for=a;proto=http, for=b;proto=https" })).toBe("https");
  expect(scheme({ "X-Forwarded-Proto": "gopher" })).toBeNull();
  expect(scheme({})).toBeNull();
});
