import { expect, test } from "bun:test";
import { CurrentSettings } from "./current-settings.ts";
import { settingsFrom } from "./settings.ts";

test("what is derived is made anew when the settings are replaced, and not before", () => {
  const current = new CurrentSettings({ ...settingsFrom(new Map()), names: ["a"] });
  let made = 0;
  const names = current.derive(({ names }) => {
    made += 1;
    return [...names];
  });
  const first = names();
  expect([names(), made]).toEqual([["a"], 1]);
  expect(names()).toBe(first);
  current.replace({ ...settingsFrom(new Map()), names: ["b"] });
  expect([names(), names(), made]).toEqual([["b"], ["b"], 2]);
  expect(current.now.names).toEqual(["b"]);
});
