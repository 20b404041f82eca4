import { expect, test } from "bun:test";
import { tryParseIpNetwork } from "../lib/net/ip-network.ts";
import { LarderHosts } from "./larder-hosts.ts";
import { interfaceAddresses, MachineAddresses } from "../lib/net/machine-addresses.ts";
import { OwnMachine, type OwnMachineOptions, unsharedAddresses } from "./own-machine.ts";

const ADDRESSES = ["192.0.2.1", "2001:db8::1", "fe80::1", "169.254.7.7"];
const addresses = new MachineAddresses(
  () => 0,
  () => ADDRESSES,
);
const hosts = new LarderHosts({
  names: ["registry.lan"],
  standIns: ["docker.io"],
  isMachineName: (name) => name === "box",
  isOwnAddress: (address) => addresses.includes(address),
  ports: () => [{ scheme: "http", port: 5000 }],
});

const someProxies = { any: () => Promise.resolve("nginx"), programOf: () => Promise.resolve(null) };

type Case = { headers?: Record<string, string>; trusted?: string[] } & Partial<OwnMachineOptions>;

/** Why a request from `address` is a stranger's; null when it is this machine's own. */
async function traitOf(address: string | null, { headers = {}, trusted = [], ...options }: Case = {}) {
  const authenticator = new OwnMachine({
    addresses,
    hosts,
    trustedProxies: trusted.map((text) => tryParseIpNetwork(text) ?? expect.unreachable()),
    findFarEnd: () => Promise.resolve({ uid: 1000, inode: 7 }),
    proxies: someProxies,
    ...options,
  });
  const request = new Request("http://x/", { headers: { Host: "localhost:5000", ...headers } });
  const remote = address === null ? null : { address, port: 40000 };
  const principal = await authenticator.authenticate(request, {
    remote,
    local: { address: null, port: 5000 },
    scheme: "http",
  });
  return principal.kind === "stranger" ? principal.trait : null;
}

test.each([
  "127.0.0.1",
  "127.1.2.3",
  "::1",
  "::ffff:127.0.0.1",
  "::ffff:7f00:1",
  "192.0.2.1",
  "::ffff:192.0.2.1",
  "2001:DB8::1",
])("%s is this machine", async (address) => expect(await traitOf(address)).toBeNull());

test.each([
  ["192.0.2.2", "192.0.2.2"],
  ["::ffff:192.0.2.2", "192.0.2.2"],
  ["2001:db8::2", "2001:db8::2"],
  ["10.127.0.1", "10.127.0.1"],
  ["::127.0.0.1", "::7f00:1"],
  ["", "nowhere"],
  [null, "nowhere"],
])("%p is not", async (address, name) => expect(await traitOf(address)).toContain(`came from ${name}`));

test.each(["fe80::1", "fe80::1%eth0", "[FE80::1%eth0]", "169.254.7.7", "::ffff:169.254.7.7"])(
  "%s is an address here, and may be a neighbour's on another link",
  async (address) => expect(await traitOf(address)).toContain("link-local"),
);

test.each([
  ["a header shows a proxy", { headers: { "X-Forwarded-For": "127.0.0.1" } }, "x-forwarded-for"],
  ["another proxy's header", { headers: { Via: "1.1 squid" } }, "via"],
  ["the program is a proxy", { proxies: { ...someProxies, programOf: () => Promise.resolve("haproxy") } }, "haproxy"],
  ["the address was translated", { findFarEnd: () => Promise.resolve("elsewhere" as const) }, "from another one"],
  ["the sender has left", { findFarEnd: () => Promise.resolve("left" as const) }, "may have been nginx"],
  ["the host is another's", { headers: { Host: "evil.example" } }, "--name evil.example"],
  ["the port is another's", { headers: { Host: "192.0.2.1:8080" } }, "192.0.2.1:8080"],
  ["there is no host", { headers: { Host: "" } }, "no Host"],
])("from the loopback, but %s", async (_, more, expected) => {
  expect(await traitOf("127.0.0.1", more)).toContain(expected);
});

test("where the system does not tell whose a connection is, the rest decides", async () => {
  const findFarEnd = () => Promise.resolve("unknown" as const);
  expect(await traitOf("127.0.0.1", { findFarEnd })).toBeNull();
  expect(await traitOf("127.0.0.1", { findFarEnd, headers: { Host: "evil.example" } })).not.toBeNull();
});

test("a program here may send a request and end, where no proxy runs", async () => {
  const findFarEnd = () => Promise.resolve("left" as const);
  const proxies = { ...someProxies, any: () => Promise.resolve(null) };
  expect(await traitOf("127.0.0.1", { findFarEnd, proxies })).toBeNull();
});

test("a proxy may end while the programs are looked through", async () => {
  let isOpen = true;
  const findFarEnd = () => Promise.resolve(isOpen ? { uid: 33, inode: 9 } : ("left" as const));
  const programOf = () => {
    isOpen = false;
    return Promise.resolve(null);
  };
  expect(await traitOf("127.0.0.1", { findFarEnd, proxies: { ...someProxies, programOf } })).toContain("nginx");
});

test.each(["registry.lan", "docker.io", "box:5000", "[2001:db8::1]:5000"])("a client here may say %s", async (Host) => {
  expect(await traitOf("127.0.0.1", { headers: { Host } })).toBeNull();
});

const trusted = ["127.0.0.2"];

test("what a trusted proxy says of its client counts, and the proxy's own address for nothing", async () => {
  const behind = (headers: Record<string, string>) => traitOf("::ffff:127.0.0.2", { headers, trusted });
  expect(await behind({ "X-Forwarded-For": "192.0.2.1" })).toBeNull();
  expect(await behind({ "X-Forwarded-For": "127.0.0.1, 203.0.113.9" })).toContain("203.0.113.9");
  expect(await behind({ "X-Forwarded-For": "192.0.2.1", Forwarded: "for=203.0.113.9" })).toContain("203.0.113.9");
  expect(await behind({ "X-Forwarded-For": "fe80::1" })).toContain("link-local");
  expect(await behind({ "X-Forwarded-For": "127.0.0.2" })).toContain("no address of a client");
  expect(await behind({ "X-Forwarded-For": "unknown" })).toContain("no address of a client");
  expect(await behind({})).toContain("did not say for whom");
  expect(await behind({ "X-Forwarded-For": "192.0.2.1", Host: "evil.example" })).toContain("evil.example");
});

test("a trusted proxy on another machine speaks for its clients, and nobody else does", async () => {
  const headers = { "X-Forwarded-For": "192.0.2.1" };
  expect(await traitOf("10.0.0.7", { headers, trusted: ["10.0.0.0/8"] })).toBeNull();
  expect(await traitOf("11.0.0.7", { headers, trusted: ["10.0.0.0/8"] })).toContain("11.0.0.7");
  expect(await traitOf("127.0.0.1", { headers, trusted })).toContain("x-forwarded-for");
});

test("what everybody has who comes into a container without root by a published port is nobody's own", () => {
  const one = (address: string) => [
    { address, netmask: "", mac: "", internal: false, cidr: null, family: "IPv4" as const },
  ];
  const interfaces = { lo: one("127.0.0.1"), tap0: one("10.0.2.100"), eth0: one("10.0.2.15"), tap1: one("10.0.2.7") };
  expect(unsharedAddresses(interfaceAddresses(interfaces))).toEqual(["127.0.0.1", "10.0.2.15", "10.0.2.7"]);
  const others = { tap0: one("192.0.2.9"), eth1: undefined };
  expect(unsharedAddresses(interfaceAddresses(others))).toEqual(["192.0.2.9"]);
});
