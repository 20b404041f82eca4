import { expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";
import { contradictionsOf } from "./contradictions.ts";
import { settingsFrom } from "./settings.ts";

test("a limit of nothing, which some mean as no limit, is refused with its line", () => {
  const read = (text: string) => {
    const { given } = parseConfiguration(text, "larder.yaml");
    return contradictionsOf(settingsFrom(given), given);
  };
  expect(read("open: true\nmaxSize: 0\n")).toEqual([
    "larder.yaml:2: maxSize: with 0 nothing could be kept; leave it out for no limit",
  ]);
  expect(read("maxSize: 1MB\nkeepFree: 0\n")).toEqual([]);
});
