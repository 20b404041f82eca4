import { expect, test } from "bun:test";
import { formatMode } from "./format-mode.ts";

test.each([
  ["file", 0o644, "-rw-r--r--"],
  ["directory", 0o1777, "drwxrwxrwt"],
  ["file", 0o4755, "-rwsr-xr-x"],
  ["file", 0o6644, "-rwSr-Sr--"],
  ["symlink", 0o777, "lrwxrwxrwx"],
  ["character-device", 0, "c---------"],
])("a %s of mode %d is %s, as ls shows it", (type, mode, shown) => {
  expect(formatMode(type, mode)).toBe(shown);
});
