import { expect, test } from "bun:test";
import { tryNamePlatform } from "./image-summary.ts";

test("an attestation's platform is none", () => {
  expect(tryNamePlatform({ os: "unknown", architecture: "unknown" })).toBeNull();
  expect(tryNamePlatform(undefined)).toBeNull();
  expect(tryNamePlatform({ os: "linux", architecture: "arm", variant: "v7" })).toBe("linux/arm/v7");
});
