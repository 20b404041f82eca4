import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { underFolderLock } from "./folder-lock.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-folder-lock-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Adds one to a number in a file, with a pause between reading and writing. */
const ADD = `
  import { underFolderLock } from ${JSON.stringify(join(import.meta.dir, "folder-lock.ts"))};
  import { existsSync, readFileSync, writeFileSync } from "node:fs";
  const file = process.argv.at(-1) + "/number";
  for (let time = 0; time < 5; time++) {
    await underFolderLock(process.argv.at(-1), async () => {
      const number = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
      await Bun.sleep(2);
      writeFileSync(file, String(number + 1));
    });
  }
`;

test("processes take turns, and leave nothing", async () => {
  const children = Array.from({ length: 4 }, () => Bun.spawn([process.execPath, "-e", ADD, "--", folder]));
  for (const child of children) expect(await child.exited).toBe(0);
  expect(await Bun.file(join(folder, "number")).text()).toBe("20");
  expect(await readdir(folder)).toEqual(["number"]);
});

test("work that fails gives the lock back, and so does a process that is killed", async () => {
  await expect(underFolderLock(folder, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const hold = `
    import { underFolderLock } from ${JSON.stringify(join(import.meta.dir, "folder-lock.ts"))};
    await underFolderLock(process.argv.at(-1), async () => { console.log("held"); await Bun.sleep(600_000); });
  `;
  const holder = Bun.spawn([process.execPath, "-e", hold, "--", folder], { stdout: "pipe" });
  await holder.stdout.getReader().read();
  let isDone = false;
  const waiting = underFolderLock(folder, async () => (isDone = true));
  await Bun.sleep(50);
  expect(isDone).toBe(false);
  holder.kill("SIGKILL");
  expect(await waiting).toBe(true);
});
