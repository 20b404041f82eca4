import { expect, test } from "bun:test";
import { platformOfConfig, tryNamePlatform, tryParseConfig } from "./image-summary.ts";

test("an attestation's platform is none", () => {
  expect(tryNamePlatform({ os: "unknown", architecture: "unknown" })).toBeNull();
  expect(tryNamePlatform(undefined)).toBeNull();
  expect(tryNamePlatform({ os: "linux", architecture: "arm", variant: "v7" })).toBe("linux/arm/v7");
});

test("a config names its platform, whatever else it is", () => {
  const config = (document: unknown) => tryParseConfig(new TextEncoder().encode(JSON.stringify(document)));
  expect(platformOfConfig(config({ os: "linux", architecture: "arm64", variant: "v8" }))).toBe("linux/arm64");
  for (const other of [
    null,
    "linux",
    [],
    {},
    { os: "linux" },
    { os: 1, architecture: 2 },
    { os: "", architecture: "" },
  ]) {
    expect(platformOfConfig(config(other))).toBeNull();
  }
  expect(tryParseConfig(new TextEncoder().encode("not JSON"))).toBeNull();
});
