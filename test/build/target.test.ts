import { expect, test } from "bun:test";
import { findTarget, hostTarget, TARGETS } from "../../build/target.ts";

test.each([
  ["x64", "larder-linux-x64"],
  ["amd64", "larder-linux-x64"],
  ["linux-x86_64", "larder-linux-x64"],
  ["aarch64-musl", "larder-linux-arm64-musl"],
  ["larder-linux-arm64", "larder-linux-arm64"],
])("%s means %s", (word, file) => expect(findTarget(word)?.file).toBe(file));

test.each(["", "musl", "-musl", "windows-x64", "x64-gnu", "riscv64"])("%p means no target", (word) =>
  expect(findTarget(word)).toBeNull(),
);

test("this machine is one of them", () => expect(TARGETS).toContain(hostTarget()));
