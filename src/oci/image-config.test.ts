import { expect, test } from "bun:test";
import { configSteps, platformOfConfig } from "./image-config.ts";

function read(text: string): unknown {
  const steps = configSteps(new TextEncoder().encode(text));
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

const platformOf = (document: unknown) => platformOfConfig(read(JSON.stringify(document)));

test("a config names its platform, in one spelling", () => {
  const arm64 = { os: "linux", architecture: "arm64" };
  expect(platformOf({ ...arm64, variant: "v8", rootfs: {} })).toEqual(arm64);
  expect(platformOf({ os: "linux", architecture: "arm" })).toEqual({ os: "linux", architecture: "arm", variant: "v7" });
  const windows = { os: "windows", architecture: "amd64" };
  expect(platformOf({ ...windows, "os.version": "10.0.20348.1", "os.features": ["win32k"] })).toEqual({
    ...windows,
    osVersion: "10.0.20348.1",
    osFeatures: ["win32k"],
  });
});

test("a config that is anything else names none", () => {
  const none = [null, "linux", [], {}, { os: "linux" }, { os: 1, architecture: 2 }, { os: "", architecture: "" }];
  for (const document of none) expect(platformOf(document)).toBeNull();
  expect(read("not JSON")).toBeNull();
  const odd = { os: "linux", architecture: "amd64", variant: 7, "os.version": [], "os.features": [1] };
  expect(platformOf(odd)).toEqual({ os: "linux", architecture: "amd64" });
});
