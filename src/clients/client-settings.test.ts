import { describe, expect, test } from "bun:test";
import { type ClientSettingsInput, parseClientSettings } from "./client-settings.ts";
import { ClientSettingsError } from "./client-settings-error.ts";
import { authorityOf, urlOf } from "./registry-address.ts";
import { TEST_CA } from "./settings.fixture.ts";

const PLAIN: ClientSettingsInput = { registry: "http://larder.lan:5000", mode: "http", standIns: ["docker.io"] };

function refusal(changes: Partial<ClientSettingsInput>): string {
  try {
    parseClientSettings({ ...PLAIN, ...changes });
  } catch (error) {
    expect(error).toBeInstanceOf(ClientSettingsError);
    return (error as Error).message;
  }
  throw new Error(`these settings were taken: ${JSON.stringify(changes)}`);
}

describe("the registry's address", () => {
  test("loses a port that its scheme implies, and gets brackets around IPv6", () => {
    const addresses = ["http://LARDER.lan:80/", "http://10.0.0.5:5000", "http://[FD00:0::5]:5000", "http://[fd00::5]"];
    const seen = addresses.map((registry) => parseClientSettings({ ...PLAIN, registry }).registry);
    expect(seen.map(authorityOf)).toEqual(["larder.lan", "10.0.0.5:5000", "[fd00::5]:5000", "[fd00::5]"]);
    expect(seen.map(urlOf)).toEqual([
      "http://larder.lan",
      "http://10.0.0.5:5000",
      "http://[fd00::5]:5000",
      "http://[fd00::5]",
    ]);
  });

  test("is refused when it is anything but scheme, host and port", () => {
    const bad = [
      "larder.lan:5000",
      "ftp://larder.lan",
      "http://",
      "http://user@larder.lan",
      "http://larder.lan/path",
      "http://larder.lan:0",
      "http://larder.lan:65536",
      "http://10.0.0",
      "http://[fe80::1%25eth0]",
      "http://[::g]",
      "http://[0::0:0:0:0.0.0.0]",
      "http://a;reboot",
      "http://a'b",
      "http://a b",
      "http://a\nb",
      "http://$(reboot)",
    ];
    for (const registry of bad) expect(refusal({ registry })).toContain(JSON.stringify(registry));
  });
});

describe("stand-ins", () => {
  test("are held to hosts, and docker.io's names count as one", () => {
    const standIns = ["docker.io", "registry-1.docker.io", "auth.docker.io", "Quay.IO", "10.0.0.9:5000"];
    expect<readonly string[]>(parseClientSettings({ ...PLAIN, standIns }).standIns).toEqual([
      "docker.io",
      "quay.io",
      "10.0.0.9:5000",
    ]);
    for (const bad of ["local", "", "a/b", "a b", 'a"b', "a\nb", "$(x)", "`x`", "a;b", "..", "[fe80::1%25eth0]"]) {
      expect(refusal({ standIns: [bad] })).toContain("is not a registry's host");
    }
  });

  test("are needed, unless all registries are meant", () => {
    expect(refusal({ standIns: [] })).toContain("--stand-in");
    expect(parseClientSettings({ ...PLAIN, standIns: [], catchAll: true }).catchAll).toBe(true);
  });

  test("are bounded", () => {
    const standIns = Array.from({ length: 1_001 }, (_, index) => `r${index}.example.com`);
    expect(refusal({ standIns })).toContain("1000");
  });
});

describe("spoofing", () => {
  const spoof: Partial<ClientSettingsInput> = { mode: "spoof", registry: "http://larder.lan", addresses: ["10.0.0.5"] };

  test("needs the port that clients ask for, an address, and names", () => {
    expect(refusal({ ...spoof, registry: "http://larder.lan:5000" })).toContain("port 80 alone");
    expect(refusal({ ...spoof, registry: "https://larder.lan:8443" })).toContain("port 443 alone");
    expect(refusal({ ...spoof, addresses: [] })).toContain("--address");
    expect(refusal({ ...spoof, catchAll: true })).toContain("--all");
    expect(refusal({ ...spoof, standIns: ["10.0.0.9", "corp.example:5000"] })).toContain("none of the stand-in hosts");
  });

  test("takes addresses with and without brackets, and nothing else", () => {
    const { addresses } = parseClientSettings({ ...PLAIN, ...spoof, addresses: ["10.0.0.5", "[FD00::5]", "fd00::5"] });
    expect(addresses).toEqual(["10.0.0.5", "fd00::5"]);
    for (const bad of ["larder.lan", "10.0.0", "fe80::1%eth0", "10.0.0.5 evil", ""]) {
      expect(refusal({ ...spoof, addresses: [bad] })).toContain("neither an IPv4 nor an IPv6 address");
    }
  });
});

describe("the certificate authority", () => {
  const secure: Partial<ClientSettingsInput> = { registry: "https://larder.lan", mode: "https" };

  test("travels without what stands around it, and not at all over plain HTTP", () => {
    const withKey = `some comment\n${TEST_CA}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`;
    expect(parseClientSettings({ ...PLAIN, ...secure, ca: withKey.replaceAll("\n", "\r\n") }).ca).toBe(TEST_CA);
    expect(parseClientSettings({ ...PLAIN, ca: TEST_CA }).ca).toBeNull();
  });

  test("is refused when it is no certificate", () => {
    expect(refusal({ ...secure, ca: "hello" })).toContain("PEM");
    expect(refusal({ ...secure, ca: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n" })).toContain(
      "no certificate",
    );
    expect(refusal({ ...secure, ca: "x".repeat(300 * 1024) })).toContain("256 KiB");
  });
});

test("a mode needs an address of its scheme", () => {
  expect(refusal({ mode: "https" })).toContain("https://HOST:PORT");
  expect(refusal({ mode: "http", registry: "https://larder.lan" })).toContain("http://HOST:PORT");
});
