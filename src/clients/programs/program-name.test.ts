import { expect, test } from "bun:test";
import { PROGRAM_FILES, parseProgramName } from "./program-name.ts";

test("each kind of machine has the names that people know", () => {
  for (const [names, file] of [
    [["larder-linux-amd64", "larder-linux-x64", "larder-linux-x86_64"], "larder-linux-x64"],
    [["larder-linux-arm64", "larder-linux-aarch64"], "larder-linux-arm64"],
    [["larder-linux-amd64-musl", "larder-linux-x86_64-musl"], "larder-linux-x64-musl"],
    [["larder-linux-aarch64-musl"], "larder-linux-arm64-musl"],
  ] as const) {
    for (const name of names) {
      const parsed = parseProgramName(name);
      expect(parsed?.file).toBe(file);
      expect(parsed?.spellings).toContain(name);
    }
  }
  for (const file of PROGRAM_FILES) expect(parseProgramName(file)?.file).toBe(file);
});

test.each([
  "larder",
  "larder-linux",
  "larder-linux-",
  "larder-linux-riscv64",
  "larder-darwin-arm64",
  "larder-linux-x64-musl-musl",
  "larder-linux-x64/../../etc/passwd",
  "larder-linux-x64\n",
  "LARDER-LINUX-X64",
])("%p is no program", (name) => expect(parseProgramName(name)).toBeNull());
