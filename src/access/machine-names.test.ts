import { describe, expect, test } from "bun:test";
import { MachineNames, machineNamesOf } from "./machine-names.ts";

const names = (hostname: string, hosts = "", resolvConf = "") => machineNamesOf({ hostname, hosts, resolvConf });

test("the short name, the long one, and what the hosts file puts beside them", () => {
  expect(names("box")).toEqual(["box"]);
  expect(names("Box.Example.org")).toEqual(["box.example.org", "box"]);
  expect(names("box", "127.0.0.1 localhost\n127.0.1.1\tBox.example.org  box # me\n")).toEqual([
    "box",
    "box.example.org",
  ]);
});

test("other lines of the hosts file give the machine no name of its own", () => {
  expect(names("box", "127.0.0.1 ads.example\n0.0.0.0 box.ads.example\n# 127.0.1.1 box evil.example\n")).toEqual([
    "box",
  ]);
});

test("domains that are searched", () => {
  expect(names("box", "", "nameserver 9.9.9.9\nsearch corp.example. lan\n; domain other\n")).toEqual([
    "box",
    "box.corp.example",
    "box.lan",
  ]);
});

test("nothing is known of a machine without a name", () => expect(names("")).toEqual([]));

describe("names that the hosts file leads here", () => {
  let hosts = "";
  let nowMs = 0;
  const found = new MachineNames(
    () => nowMs,
    (address) => ["127.0.0.1", "192.0.2.1", "2001:db8::1"].includes(address.toString()),
    () => ({ hostname: "box", hosts, resolvConf: "" }),
  );
  const withHosts = (text: string): MachineNames => {
    hosts = text;
    nowMs += 2001;
    return found;
  };

  test.each(["192.0.2.1 Registry.Corp", "2001:DB8::1\tx registry.corp # y", "127.0.0.1 registry.corp"])(
    "%s",
    (line) => {
      expect(withHosts(`127.0.0.1 localhost\n${line}\n`).includes("registry.corp")).toBe(true);
      expect(found.includes("box")).toBe(true);
    },
  );

  test.each([
    "203.0.113.9 registry.corp",
    "0.0.0.0 registry.corp",
    ":: registry.corp",
    "# 192.0.2.1 registry.corp",
    "192.0.2.1 xregistry.corp",
    "192.0.2.1",
    "registry.corp",
    "registry.corp registry.corp",
  ])("not by %s", (line) => expect(withHosts(`${line}\n`).includes("registry.corp")).toBe(false));

  test("as the file is now", () => {
    expect(withHosts("192.0.2.1 registry.corp").includes("registry.corp")).toBe(true);
    expect(withHosts("").includes("registry.corp")).toBe(false);
  });
});
