/** What larder 0.2 kept is there after its data folder was opened by this one, and 0.2 does not open it any more. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { cp, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rebuildStore } from "../../src/recovery/rebuild.ts";
import { VERSION } from "../../src/telemetry/version.ts";
import { digestOf, TYPE } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send } from "../conformance/registry-client.ts";
import { until } from "../until.ts";
import { FOLDER_0_2, INDEX, LEFT, ONE, TWO } from "./data-folder-0.2.ts";

const LARDER = join(import.meta.dir, "../../larder");

let folder: string;
let larder: LarderProcess;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-older-"));
  const tar = Bun.zstdDecompressSync(await Bun.file(FOLDER_0_2).bytes());
  expect(Bun.spawnSync(["tar", "-x", "-C", folder], { stdin: tar }).exitCode).toBe(0);
});
afterEach(async () => {
  await larder?.stop();
  await rm(folder, { recursive: true, force: true });
});

const start = async () => {
  larder = await startLarder({ dataFolder: folder, arguments: ["--open"] });
};
const run = (...argv: readonly string[]) => {
  const env = { PATH: process.env["PATH"] ?? "", HOME: folder, RUNTIME_DIRECTORY: larder.runtimeFolder };
  const child = Bun.spawnSync([LARDER, ...argv], { env });
  return { status: child.exitCode, output: child.stdout.toString(), errors: child.stderr.toString() };
};
const at = () => ["--registry", new URL(larder.url).host] as const;

async function expectAll(): Promise<void> {
  const headers = { Accept: Object.values(TYPE).join(", ") };
  const manifest = async (name: string, reference: string) => {
    const { status, bytes } = await send("GET", `${larder.url}/v2/${name}/manifests/${reference}`, { headers });
    return [status, digestOf(bytes)];
  };
  expect(await manifest("team/app", "v1")).toEqual([200, INDEX.digest]);
  expect(await manifest("team/app", LEFT.manifest.digest)).toEqual([200, LEFT.manifest.digest]);
  expect(await manifest("quay.io/org/own", "1.0")).toEqual([200, ONE.manifest.digest]);
  for (const { blobs } of [ONE, TWO, LEFT]) {
    for (const { digest, bytes } of blobs) {
      const found = await send("GET", `${larder.url}/v2/team/app/blobs/${digest}`);
      expect([found.status, found.bytes]).toEqual([200, bytes]);
    }
  }
  const { text } = await send("GET", `${larder.url}/v2/team/app/referrers/${INDEX.digest}`);
  expect(JSON.parse(text).manifests).toHaveLength(1);
  expect(JSON.parse(run("pin", "ls", "--json", ...at()).output)).toMatchObject([{ pin: "local/team/app:v1" }]);
  expect(JSON.parse(run("user", "ls", "--json", ...at()).output)).toMatchObject([{ name: "ann" }]);
  expect(JSON.parse(run("token", "ls", "--json", ...at()).output)).toMatchObject([{ name: "ci" }]);
  expect(JSON.parse(run("offline", "--json", ...at()).output)).toEqual({ offline: true });
}

test("all that was pushed, attached, pinned and set is there; it is collected, verified, backed up and made anew", async () => {
  await start();
  await expectAll();
  expect(larder.output()).toContain("brought up to date");
  expect(run("gc", "--grace", "0s", ...at()).status).toBe(0);
  expect(run("verify", ...at())).toMatchObject({ status: 0 });
  const backup = join(folder, "..", `${folder.split("/").at(-1)}-backup`);
  try {
    expect(run("backup", backup, ...at()).status).toBe(0);
    expect(run("backup", "--check", backup).status).toBe(0);
  } finally {
    await rm(backup, { recursive: true, force: true });
  }
  await expectAll();
  await until("a snapshot", async () => (await readdir(join(folder, "snapshots"))).length > 1);
  await larder.stop();
  expect(await rebuildStore(folder, Date.now(), false)).toMatchObject({ isWhole: true, lostTags: { count: 0 } });
  await start();
  await expectAll();
});

test("store.json names the version that last opened it, and an older larder refuses what it does not know, and says so", async () => {
  await start();
  await larder.stop();
  expect(await Bun.file(join(folder, "store.json")).json()).toMatchObject({ isOpen: false, version: VERSION });
  // As a larder of tomorrow leaves it.
  const database = new Database(join(folder, "larder.db"));
  database.run("INSERT INTO migration (number) VALUES (9999)");
  database.close();
  const mark = await Bun.file(join(folder, "store.json")).json();
  await Bun.write(join(folder, "store.json"), JSON.stringify({ ...mark, version: "9.9.9", tomorrow: true }));
  const before = await Bun.file(join(folder, "store.json")).text();
  const refused = Bun.spawnSync([LARDER, "serve", "--http", "127.0.0.1:0", "--data", folder, "--offline"], {
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, RUNTIME_DIRECTORY: `${folder}-run` },
  });
  expect(refused.exitCode).toBe(1);
  const said = refused.stderr.toString();
  for (const words of ["larder 9.9.9", VERSION, "larder restore", "changed nothing"]) expect(said).toContain(words);
  expect(await Bun.file(join(folder, "store.json")).text()).toBe(before);
});

test("a larder that does not know the database leaves the log of one that was killed, whose next start goes on", async () => {
  await start();
  await larder.kill();
  const [path, away] = [join(folder, "larder.db"), join(folder, "away")];
  // As a larder of tomorrow is killed.
  const database = new Database(path);
  database.run("INSERT INTO migration (number) VALUES (9999)");
  for (const end of ["", "-wal"]) await cp(`${path}${end}`, `${away}${end}`);
  database.close();
  for (const end of ["", "-wal"]) await rename(`${away}${end}`, `${path}${end}`);
  const log = await Bun.file(`${path}-wal`).bytes();
  await expect(start()).rejects.toThrow("which cannot read it");
  expect(await Bun.file(`${path}-wal`).bytes()).toEqual(log);
  const tomorrow = new Database(path);
  tomorrow.run("DELETE FROM migration WHERE number = 9999");
  for (const end of ["", "-wal"]) await cp(`${path}${end}`, `${away}${end}`);
  tomorrow.close();
  for (const end of ["", "-wal"]) await rename(`${away}${end}`, `${path}${end}`);
  await start();
  expect(larder.output()).not.toContain("damaged");
  await expectAll();
});

/** What 0.2 refuses a database by: a migration beyond 16. */
const numbersIn = (path: string) => {
  const database = new Database(path);
  const numbers = database.query<{ number: number }, []>("SELECT number FROM migration").values().flat() as number[];
  database.close();
  return Math.max(...numbers);
};

for (const fault of ["keep@1=kill", "rename@1=kill", "apply@1=kill", "commit@1=kill", "apply@1=EIO", "commit@1=EIO"]) {
  test(`an upgrade that ends at ${fault} leaves what 0.2 opens, and the next start does it`, async () => {
    const failing = startLarder({ dataFolder: folder, environment: { LARDER_FAULT: `upgrade.${fault}` } });
    await expect(failing).rejects.toThrow("did not start");
    const copy = join(folder, "..", `${folder.split("/").at(-1)}-copy`);
    try {
      await cp(folder, copy, { recursive: true });
      expect(numbersIn(join(copy, "larder.db"))).toBe(16);
    } finally {
      await rm(copy, { recursive: true, force: true });
    }
    await start();
    await expectAll();
    await larder.stop();
    const kept = join(folder, "larder.db.before-upgrade");
    expect(numbersIn(kept)).toBe(16);
    expect((await stat(kept)).mode & 0o777).toBe(0o600);
    expect(numbersIn(join(folder, "larder.db"))).toBeGreaterThan(16);
    expect((await readdir(folder)).filter((name) => name.endsWith(".new"))).toEqual([]);
  });
}

for (const fault of ["keep@1=ENOSPC", "rename@1=ENOSPC"]) {
  test(`an upgrade without room for a copy (${fault}) is made all the same, and says so`, async () => {
    larder = await startLarder({
      dataFolder: folder,
      arguments: ["--open"],
      environment: { LARDER_FAULT: `upgrade.${fault}` },
    });
    await expectAll();
    expect(larder.output()).toContain("there was no room for a copy");
    expect((await readdir(folder)).filter((name) => name.includes("upgrade"))).toEqual([]);
  });
}

test("the copy from before the upgrade is what 0.2 goes on with, as the guide says", async () => {
  await start();
  await larder.stop();
  // As the guide says, after which 0.2 starts on what 0.2 left.
  await rm(join(folder, "store.json"));
  await rename(join(folder, "larder.db.before-upgrade"), join(folder, "larder.db"));
  expect(numbersIn(join(folder, "larder.db"))).toBe(16);
  await start();
  await expectAll();
});

test("larder 0.2 has no migration for what this one adds, and refuses the folder", async () => {
  await start();
  await larder.stop();
  const database = new Database(join(folder, "larder.db"), { readonly: true });
  const numbers = database.query<{ number: number }, []>("SELECT number FROM migration").values().flat() as number[];
  database.close();
  expect(Math.max(...numbers)).toBeGreaterThan(16);
});
