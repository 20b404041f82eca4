import { expect, test } from "bun:test";
import { machineNamesOf } from "./machine-names.ts";

const names = (hostname: string, hosts = "", resolvConf = "") => machineNamesOf({ hostname, hosts, resolvConf });

test("the short name, the long one, and what the hosts file puts beside them", () => {
  expect(names("box")).toEqual(["box"]);
  expect(names("Box.Example.org")).toEqual(["box.example.org", "box"]);
  expect(names("box", "127.0.0.1 localhost\n127.0.1.1\tBox.example.org  box # me\n")).toEqual([
    "box",
    "box.example.org",
  ]);
});

test("other lines of the hosts file do not count, whatever address they give", () => {
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
