import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmod, chown, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LineLog } from "../telemetry/line-log.ts";
import { openDataFolder } from "./data-folder.ts";

const log = new LineLog(() => {}, "error", Date.now);
let parent: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), "larder-data-folder-"));
});
afterEach(() => rm(parent, { recursive: true }));

async function openAndClose(): Promise<void> {
  const { metadata, guard } = await openDataFolder(parent, log, Date.now);
  await metadata.close();
  guard.close();
}

test("a folder that is not there is made, for its owner alone", async () => {
  const { metadata, guard } = await openDataFolder(join(parent, "a/b"), log, Date.now);
  expect((await stat(join(parent, "a/b"))).mode & 0o777).toBe(0o700);
  await metadata.close();
  guard.close();
});

test("a second larder is kept out while the first one has the folder, and let in afterwards", async () => {
  const open = `import { openDataFolder } from "${import.meta.dir}/data-folder.ts";
    globalThis.held = await openDataFolder(${JSON.stringify(parent)}, { write() {} }, Date.now); console.log("has it"); await Bun.sleep(60000);`;
  const child = Bun.spawn([process.execPath, "--eval", open], { stdout: "pipe" });
  await child.stdout.getReader().read();
  await expect(openDataFolder(parent, log, Date.now)).rejects.toThrow("another larder has it");
  child.kill("SIGKILL");
  await child.exited;
  await openAndClose();
});

test("what cannot be a data folder is refused with the reason", async () => {
  await writeFile(join(parent, "file"), "");
  await expect(openDataFolder(join(parent, "file"), log, Date.now)).rejects.toThrow("it is a file, not a folder");
});

test("a folder whose database is damaged is opened to be read, and the way back is named", async () => {
  await writeFile(join(parent, "larder.db"), "this is no database".repeat(100));
  const { metadata, guard, housekeeping } = await openDataFolder(parent, log, Date.now);
  expect(guard.problem).toContain("larder rebuild");
  expect(housekeeping).toBeNull();
  await metadata.close();
  guard.close();
});

describe.skipIf(process.getuid?.() !== 0)("for one who may not do everything", () => {
  const NOBODY = 65534;
  beforeEach(async () => {
    await chown(parent, NOBODY, NOBODY);
    process.seteuid?.(NOBODY);
  });
  afterEach(() => process.seteuid?.(0));

  test("a folder that may not be written to is refused in these words", async () => {
    await chmod(parent, 0o500);
    await expect(openDataFolder(parent, log, Date.now)).rejects.toThrow(/user 65534 may not write there.*chown -R/);
    process.seteuid?.(0);
  });

  test("a database that was copied here without the right to write is given it", async () => {
    await openAndClose();
    await chmod(join(parent, "larder.db"), 0o400);
    await openAndClose();
    expect((await stat(join(parent, "larder.db"))).mode & 0o777).toBe(0o600);
  });
});
