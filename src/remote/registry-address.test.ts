import { expect, test } from "bun:test";
import fc from "fast-check";
import { CommandFailure } from "../lib/command/command-io.ts";
import { givenRegistryAddress, tryParseRegistryAddress } from "./registry-address.ts";

const cases: readonly [string, string, ...string[]][] = [
  ["localhost:5000", "localhost:5000", "http://localhost:5000", "https://localhost:5000"],
  ["172.17.0.2", "172.17.0.2", "http://172.17.0.2", "https://172.17.0.2"],
  ["10.0.0.9:80", "10.0.0.9:80", "http://10.0.0.9:80"],
  ["10.0.0.9:443", "10.0.0.9:443", "https://10.0.0.9:443"],
  ["172.32.0.1", "172.32.0.1", "https://172.32.0.1", "http://172.32.0.1"],
  ["registry", "registry", "http://registry", "https://registry"],
  ["registry.example.com", "registry.example.com", "https://registry.example.com", "http://registry.example.com"],
  ["http://registry.example.com/", "registry.example.com", "http://registry.example.com"],
  ["HTTPS://Registry.example.com:5000", "registry.example.com:5000", "https://registry.example.com:5000"],
  [
    "fd00:2008::242:ac11:2",
    "[fd00:2008::242:ac11:2]",
    "http://[fd00:2008::242:ac11:2]",
    "https://[fd00:2008::242:ac11:2]",
  ],
  ["[fd00::1]:5000", "[fd00::1]:5000", "http://[fd00::1]:5000", "https://[fd00::1]:5000"],
  ["http://fd00::1", "[fd00::1]", "http://[fd00::1]"],
  ["::1", "[::1]", "http://[::1]", "https://[::1]"],
  ["::1:5000", "[::1]:5000", "http://[::1]:5000", "https://[::1]:5000"],
  ["fd00::1:5000", "[fd00::1:5000]", "http://[fd00::1:5000]", "https://[fd00::1:5000]"],
  ["fd00::1:15000", "[fd00::1]:15000", "http://[fd00::1]:15000", "https://[fd00::1]:15000"],
  ["fd00:0:0:0:0:0:0:1:80", "[fd00::1]:80", "http://[fd00::1]:80"],
  ["2001:db8::1", "[2001:db8::1]", "https://[2001:db8::1]", "http://[2001:db8::1]"],
];

for (const [text, host, ...origins] of cases) {
  test(`${text} is asked at ${origins.join(", then ")}`, () => {
    expect(tryParseRegistryAddress(text)).toEqual({ host, origins: origins as [string] });
  });
}

for (const text of ["", ":5000", "a:0", "a:70000", "a:b", "10.0.0", "ftp://a", "http://a/b", "[::1", "[::1]5000"]) {
  test(`${JSON.stringify(text)} is no address`, () => expect(tryParseRegistryAddress(text)).toBeNull());
}

test("an address with a zone, a user or a question mark is refused", () => {
  for (const text of ["fe80::1%eth0", "user@host", "host?x", "a..b", "-a"]) {
    expect(tryParseRegistryAddress(text)).toBeNull();
  }
});

test("the flag comes before LARDER_REGISTRY, that before LOCAL_REGISTRY; without any, there is none", () => {
  const environment = { LARDER_REGISTRY: "larder:1", LOCAL_REGISTRY: "local:2" };
  expect(givenRegistryAddress("flag:3", environment)?.host).toBe("flag:3");
  expect(givenRegistryAddress(undefined, environment)?.host).toBe("larder:1");
  expect(givenRegistryAddress("", { ...environment, LARDER_REGISTRY: " " })?.host).toBe("local:2");
  expect(givenRegistryAddress(undefined, {})).toBeNull();
});

test("a wrong value is blamed on the variable that it came from", () => {
  try {
    givenRegistryAddress(undefined, { LOCAL_REGISTRY: "a b" });
    expect.unreachable();
  } catch (error) {
    expect(error).toBeInstanceOf(CommandFailure);
    expect(error).toMatchObject({ exitStatus: 2, message: expect.stringContaining('LOCAL_REGISTRY: "a b"') });
  }
});

test("any IPv6 address, with or without brackets, gives origins that a URL takes", () => {
  fc.assert(
    fc.property(fc.ipV6(), fc.boolean(), (address, brackets) => {
      // The runtime's URL takes less than all spellings (not 0:0:0::0:0.0.0.0): what it refuses, nobody can ask.
      fc.pre(URL.canParse(`http://[${address}]`));
      const parsed = tryParseRegistryAddress(brackets ? `[${address}]:5000` : address);
      expect(parsed).not.toBeNull();
      for (const origin of parsed?.origins ?? []) expect(new URL(origin).host).toBe(parsed?.host ?? "");
    }),
    { examples: [["::1:0.0.0.0", false]] },
  );
});
