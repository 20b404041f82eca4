import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { formatPlatform, type Platform, tryParsePlatform } from "./platform.ts";
import { choose } from "./choose-platforms.ts";
import {
  ALL_PLATFORMS,
  formatSelection,
  parseSelection,
  type PlatformSelection,
  type SelectionText,
} from "./platform-selection.ts";

function platform(text: string): Platform {
  const parsed = tryParsePlatform(text);
  if (parsed === null) throw new Error(text);
  return parsed;
}

const UNKNOWN: Platform = { os: "unknown", architecture: "unknown" };
const only = (...texts: string[]) => parseSelection(texts);
const offers = (...texts: (string | null)[]) =>
  texts.map((text) => ({
    item: text ?? "artifact",
    platform: text === null ? null : text.startsWith("unknown") ? UNKNOWN : platform(text.replace(/#.*/, "")),
  }));

describe("of what an index offers", () => {
  test("a client gets its own variant, else the newest older one, else what comes first", () => {
    const arm = offers("linux/arm64", "linux/arm/v5", "linux/arm/v7", "linux/arm/v6");
    expect(choose(arm, only("linux/arm/v6"))).toEqual(["linux/arm/v6"]);
    expect(choose(arm, only("linux/arm/v8"))).toEqual(["linux/arm/v7"]);
    expect(choose(arm.toSpliced(2, 1), only("linux/arm/v7"))).toEqual(["linux/arm/v6"]);
    expect(choose(offers("linux/amd64#1", "linux/amd64#2"), only("linux/amd64"))).toEqual(["linux/amd64#1"]);
  });

  test("each wanted platform is there, once, in the order in which they are wanted", () => {
    const index = offers("linux/amd64", "linux/arm64", "linux/arm/v6");
    expect(choose(index, only("linux/arm64", "linux/amd64"))).toEqual(["linux/arm64", "linux/amd64"]);
    expect(choose(index, only("linux/arm/v6", "linux/arm/v7"))).toEqual(["linux/arm/v6"]);
    const [item] = index;
    expect(choose(item === undefined ? [] : [item, item], ALL_PLATFORMS)).toEqual(["linux/amd64"]);
  });

  test("attestations go with all, and with nothing less", () => {
    const index = offers("unknown#1", "linux/amd64", "unknown#2");
    expect(choose(index, ALL_PLATFORMS)).toEqual(["unknown#1", "linux/amd64", "unknown#2"]);
    expect(choose(index, only("linux/amd64"))).toEqual(["linux/amd64"]);
    expect(() => choose(offers("unknown#1"), only("linux/amd64"))).toThrow("it names no platforms");
    expect(() => parseSelection(["unknown/unknown"])).toThrow("is not a platform");
  });

  test("what has no platform is for all of them, where nothing has one", () => {
    expect(choose(offers(null, null), only("linux/amd64"))).toEqual(["artifact"]);
    expect(choose(offers(null, "linux/amd64"), only("linux/amd64"))).toEqual(["linux/amd64"]);
    expect(() => choose(offers(null, "linux/amd64"), only("linux/arm64"))).toThrow("there are linux/amd64");
    expect(() => choose([], only("linux/amd64"))).toThrow("it names no platforms");
  });

  test("a platform that has nothing is told with those that there are", () => {
    const index = offers("linux/amd64", "windows(10.0.20348.1)/amd64", "unknown");
    const prefer: PlatformSelection = { kind: "prefer", platform: platform("linux/s390x") };
    for (const selection of [only("linux/amd64", "linux/s390x"), prefer]) {
      expect(() => choose(index, selection)).toThrow(
        "the image has nothing for linux/s390x: there are linux/amd64, windows(10.0.20348.1)/amd64",
      );
    }
  });

  test("a message stays short, whatever the platforms are called", () => {
    const long = "x".repeat(1 << 20);
    const index = Array.from({ length: 50 }, (_, item) => ({
      item,
      platform: { os: `os${item}`, architecture: long, variant: long, osVersion: long, osFeatures: [long] },
    }));
    const failure = (() => {
      try {
        return choose(index, only("linux/amd64"));
      } catch (error) {
        return String(error);
      }
    })();
    expect(failure).toEndWith("…");
    expect(failure.length).toBeLessThan(2500);
  });
});

test("a selection survives being written", () => {
  const one = fc.constantFrom("linux/amd64", "linux/arm/v7", "windows(10.0.20348)/amd64", "linux(+a+b)/arm64");
  const text: fc.Arbitrary<SelectionText> = fc.oneof(
    fc.constant("all" as const),
    fc.array(one, { minLength: 1 }),
    one.map((prefer) => ({ prefer })),
  );
  fc.assert(fc.property(text, (written) => expect(formatSelection(parseSelection(written))).toEqual(written)));
});

test("a platform is read as containerd reads it, or not at all", () => {
  const spellings: Readonly<Record<string, string>> = {
    x86_64: "linux/amd64",
    arm: "linux/arm/v7",
    "linux/arm": "linux/arm/v7",
    "linux/arm64/8": "linux/arm64",
    "LINUX/aarch64": "linux/arm64",
    "macos/arm64": "darwin/arm64",
    "windows(10.0.17763)/amd64": "windows(10.0.17763)/amd64",
    "windows(10.0.17763+win32k)/amd64": "windows(10.0.17763+win32k)/amd64",
    "linux(+erofs)/amd64": "linux(+erofs)/amd64",
  };
  for (const [text, meant] of Object.entries(spellings)) expect(formatPlatform(platform(text))).toBe(meant);
  for (const text of ["", "linux", "linux/", "/amd64", "a/b/c/d", "linux/amd64 ", "linux(/amd64", "x".repeat(1e6)]) {
    expect(tryParsePlatform(text)).toBeNull();
  }
});
