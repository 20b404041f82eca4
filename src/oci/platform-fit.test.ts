import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fitOf } from "./platform-fit.ts";
import { normalizePlatform, type Platform, tryParsePlatform } from "./platform.ts";

/** As an index has it: nothing is normalized yet. */
function platformOf(text: string): Platform {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

const OFFERS = `amd64 amd64/v1 amd64/v2 amd64/v3 amd64/v4 amd64/v5 386 386/sse2 arm arm/v5 arm/v6 arm/v7 arm/v8 arm/v9
  arm64 arm64/v8 arm64/v9 arm64/v9.1 arm64/v9.2 arm64/v8.1 arm64/v8.2 arm64/v8.5 arm64/v8.6 arm64/v8.7 riscv64
  riscv64/rva22u64 ppc64le ppc64le/power9 s390x mips64le loong64 arm/7 ARM/V6 x86_64 aarch64`
  .split(/\s+/)
  .map((architecture) => `linux/${architecture}`)
  .concat("windows/amd64", "freebsd/amd64", "unknown/unknown");

/**
 * What containerd's platforms v1.0.0-rc.5 answers, `Only(wanted)` sorting the offers, without those for another
 * architecture: a wanted platform, and what is taken for it, best first. Those that are as good stand in braces.
 */
const CONTAINERD = `
amd64            {amd64 amd64/v1 x86_64}
amd64/v1         {amd64 amd64/v1 x86_64}
amd64/v2         amd64/v2 {amd64 amd64/v1 x86_64}
amd64/v3         amd64/v3 amd64/v2 {amd64 amd64/v1 x86_64}
amd64/v4         amd64/v4 amd64/v3 amd64/v2 {amd64 amd64/v1 x86_64}
arm              {arm arm/v7 arm/7} {arm/v6 ARM/V6} arm/v5
arm/v5           arm/v5
arm/v6           {arm/v6 ARM/V6} arm/v5
arm/v7           {arm arm/v7 arm/7} {arm/v6 ARM/V6} arm/v5
arm/v8           arm/v8 {arm arm/v7 arm/7} {arm/v6 ARM/V6} arm/v5
arm/v9           arm/v9 arm/v8 {arm arm/v7 arm/7} {arm/v6 ARM/V6} arm/v5
arm64            {arm64 arm64/v8 aarch64}
arm64/v8         {arm64 arm64/v8 aarch64}
arm64/v8.2       arm64/v8.2 arm64/v8.1 {arm64 arm64/v8 aarch64}
arm64/v9         arm64/v9 arm64/v8.5 arm64/v8.2 arm64/v8.1 {arm64 arm64/v8 aarch64}
arm64/v9.1       arm64/v9.1 arm64/v9 arm64/v8.6 arm64/v8.5 arm64/v8.2 arm64/v8.1 {arm64 arm64/v8 aarch64}
386              386
riscv64          riscv64
riscv64/rva22u64 riscv64/rva22u64
ppc64le/power9   ppc64le/power9
s390x            s390x`;

const ROWS = CONTAINERD.trim()
  .split("\n")
  .map((row) => {
    const [wanted = "", ...taken] = row.match(/\{[^}]*\}|\S+/g) ?? [];
    return [wanted, taken.map((group) => group.replaceAll(/[{}]/g, "").split(" ").sort())] as const;
  });

describe("a client of linux", () => {
  test.each(ROWS)("for %s takes what containerd would, in its order", (wanted, taken) => {
    const fit = fitOf(platformOf(`linux/${wanted}`));
    const ranks = new Map<number, string[]>();
    for (const offer of OFFERS) {
      const rank = fit(normalizePlatform(platformOf(offer)));
      if (rank !== null) ranks.set(rank, [...(ranks.get(rank) ?? []), offer.replace("linux/", "")].sort());
    }
    expect([...ranks].sort(([a], [b]) => a - b).map(([, group]) => group)).toEqual(taken);
  });

  test("takes no variant that nobody can count to", () => {
    for (const variant of ["v999999999", "v17", "v07", "v-1", "v1e9", "v9.99", "x".repeat(1 << 20)]) {
      for (const architecture of ["arm", "amd64", "arm64"]) {
        const platform = { os: "linux", architecture, variant };
        expect(fitOf(platform)(normalizePlatform(platform))).not.toBeNull();
        expect(fitOf(platform)({ os: "linux", architecture })).toBeNull();
      }
    }
  });
});

/** What the same code answers for Windows: a host's version, and the images that it runs. */
const BUILDS = ["", "10.0.17763.1", "10.0.17763.6414", "10.0.20348.1", "10.0.20348.2700", "10.0.20348.9999"];
const windows = (osVersion: string): Platform => ({
  os: "windows",
  architecture: "amd64",
  ...(osVersion === "" ? {} : { osVersion }),
});

describe("a client of windows", () => {
  test.each([
    ["", [...BUILDS, "10.0.26100.1"]],
    ["10.0.17763.1", ["", "10.0.17763.1", "10.0.17763.6414"]],
    ["10.0.20348.2700", ["", "10.0.20348.1", "10.0.20348.2700", "10.0.20348.9999"]],
    ["10.0.26100.1", ["", "10.0.20348.1", "10.0.20348.2700", "10.0.20348.9999", "10.0.26100.1"]],
  ])("of version %p takes the builds that containerd would", (host, taken) => {
    const fit = fitOf(windows(host));
    expect([...BUILDS, "10.0.26100.1"].filter((build) => fit(windows(build)) !== null)).toEqual(taken);
    const withFeature = { ...windows(taken[0] ?? ""), osFeatures: ["win32k"] };
    expect(fit(withFeature)).not.toBeNull();
  });

  test("likes its own version best, then its own build, then an older one", () => {
    const fit = fitOf(windows("10.0.26100.2"));
    const liked = ["10.0.20348.5", "", "10.0.26100.9", "10.0.26100.2"].sort(
      (a, b) => (fit(windows(a)) ?? Infinity) - (fit(windows(b)) ?? Infinity),
    );
    expect(liked).toEqual(["10.0.26100.2", "10.0.26100.9", "10.0.20348.5", ""]);
  });
});

test("an image may need no feature that the client does not have, and the one that uses most of them is best", () => {
  const fit = fitOf({ os: "linux", architecture: "amd64", osFeatures: ["a", "b"] });
  const rank = (...osFeatures: string[]) => fit({ os: "linux", architecture: "amd64", osFeatures });
  expect(rank("c")).toBeNull();
  expect(rank("a", "c")).toBeNull();
  expect(rank("a", "b")).toBeLessThan(rank("a") ?? 0);
  expect(rank("b")).toBeLessThan(rank() ?? 0);
});

test("whatever a platform is called, a client for it takes it", () => {
  const word = fc.oneof(
    fc.stringMatching(/^[a-z0-9_.-]{1,12}$/),
    fc.constantFrom("constructor", "__proto__", "arm", "amd64", "v8"),
  );
  const platform = fc.record({ os: word, architecture: word, variant: word });
  fc.assert(
    fc.property(platform, (one) => {
      expect(fitOf(one)(normalizePlatform(one))).not.toBeNull();
      expect(normalizePlatform(normalizePlatform(one))).toEqual(normalizePlatform(one));
    }),
  );
});

test("a wanted platform is read in any of its spellings", () => {
  for (const text of ["linux/arm/v7", "arm", "armhf", "linux/ARM/7", "armv7l"]) {
    expect(tryParsePlatform(text)).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
  }
});
