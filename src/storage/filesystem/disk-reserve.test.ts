import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, statSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiskReserve } from "./disk-reserve.ts";

let folder: string;
let reserve: DiskReserve;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "larder-reserve-"));
  reserve = new DiskReserve(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, "reserve");

test("it is a file for its owner alone, of some MiB", async () => {
  await reserve.restore();
  const { size, mode, blocks } = statSync(path());
  expect(size).toBeGreaterThanOrEqual(2 << 20);
  expect(size).toBeLessThanOrEqual(32 << 20);
  expect(mode & 0o777).toBe(0o600);
  // No hole: a sparse file would keep nothing.
  expect(blocks * 512).toBeGreaterThanOrEqual(size);
  expect(reserve.isSpent).toBe(false);
});

test("what was spent is there no more, until there is room again", async () => {
  await reserve.restore();
  expect(reserve.spend()).toBe(true);
  expect([existsSync(path()), reserve.isSpent]).toEqual([false, true]);
  expect(reserve.spend()).toBe(false);
  await reserve.admit();
  expect([existsSync(path()), reserve.isSpent]).toEqual([true, false]);
});

test("one that was cut short is made whole", async () => {
  await reserve.restore();
  const { size } = statSync(path());
  truncateSync(path(), 100);
  await reserve.restore();
  expect(statSync(path()).size).toBe(size);
});

test("where it cannot be made, nothing that takes space is admitted, and nothing throws by itself", async () => {
  rmSync(folder, { recursive: true });
  await reserve.restore().catch(() => expect.unreachable());
  expect(reserve.isSpent).toBe(true);
  await expect(reserve.admit()).rejects.toMatchObject({ code: "STORAGE_FULL" });
});

test("what is given away while it is put back stays given away", async () => {
  const restoring = reserve.restore();
  reserve.spend();
  await restoring;
  expect([existsSync(path()), reserve.isSpent]).toEqual([false, true]);
  await reserve.restore();
  expect([existsSync(path()), reserve.isSpent]).toEqual([true, false]);
});
