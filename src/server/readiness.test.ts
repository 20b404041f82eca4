import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readinessChecks, type ReadinessParts } from "./readiness.ts";

let dataFolder: string;
beforeAll(async () => {
  dataFolder = await mkdtemp(join(tmpdir(), "larder-ready-"));
  await mkdir(join(dataFolder, "uploads"));
});
afterAll(() => rm(dataFolder, { recursive: true }));

async function problems(parts: Partial<ReadinessParts>): Promise<readonly string[]> {
  const checks = readinessChecks({
    dataFolder,
    guard: { problem: null },
    sessions: { getSession: async () => null },
    isStopping: () => false,
    ...parts,
  });
  const found = checks.map(async ({ name, problem }) => {
    const told = await Promise.try(problem).catch((error: unknown) => String(error));
    return told === null ? [] : [`${name}: ${told}`];
  });
  return (await Promise.all(found)).flat();
}

test("all is well", async () => {
  expect(await problems({})).toEqual([]);
});

test("a larder that stops, a store that is gone, a database that fails, and a folder that takes nothing are reasons", async () => {
  expect(await problems({ isStopping: () => true })).toEqual(["process: larder is stopping"]);
  expect(await problems({ guard: { problem: "it is gone" } })).toEqual(["store: it is gone"]);
  const getSession = () => Promise.reject(new Error("database is locked"));
  expect(await problems({ sessions: { getSession } })).toEqual(["database: Error: database is locked"]);
  const [missing = "", ...others] = await problems({ dataFolder: join(dataFolder, "nowhere") });
  expect(missing).toStartWith("disk: ");
  expect(others).toEqual([]);
});
