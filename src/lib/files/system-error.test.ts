import { expect, test } from "bun:test";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, isAbsent, isDiskFull, isNotFound, isSystemError, nullIfAbsent } from "./system-error.ts";

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable(),
    (error) => error,
  );
const named = (code: string) => Object.assign(new Error(code), { code });

test("a file that is not there, and one below a file, are both absent; only the first is not found", async () => {
  const missing = await failureOf(readFile(join(import.meta.dir, "no", "such.file")));
  const below = await failureOf(readFile(join(import.meta.path, "below")));
  expect([codeOf(missing), isNotFound(missing), isAbsent(missing)]).toEqual(["ENOENT", true, true]);
  expect([codeOf(below), isNotFound(below), isAbsent(below)]).toEqual(["ENOTDIR", false, true]);
});

test("absence becomes null, every other failure goes on", async () => {
  expect(await stat(join(import.meta.path, "below")).catch(nullIfAbsent)).toBeNull();
  const folder = await failureOf(readFile(import.meta.dir).catch(nullIfAbsent));
  expect(codeOf(folder)).toBe("EISDIR");
});

test("no space on a disk has three names", () => {
  expect(["ENOSPC", "EDQUOT", "EFBIG", "EIO"].filter((code) => isDiskFull(named(code)))).toEqual([
    "ENOSPC",
    "EDQUOT",
    "EFBIG",
  ]);
});

test("what is no failure of the system has no name of one", () => {
  expect(["x", null, undefined, new Error("x"), { code: "ENOENT" }].map(codeOf)).toEqual(["", "", "", "", ""]);
  expect(
    ["ENOENT", "E2BIG", "ERR_INVALID_ARG_TYPE", "SQLITE_FULL", ""].map((code) => isSystemError(named(code))),
  ).toEqual([true, true, false, false, false]);
});
