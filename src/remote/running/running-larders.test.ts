import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ownIdentity } from "./process-identity.ts";
import { announceLarder, findRunningLarders } from "./running-larders.ts";

let root: string;
let environment: Record<string, string>;
let folder: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-running-"));
  folder = join(root, "larder");
  environment = { RUNTIME_DIRECTORY: folder };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const larder = (port: number) => ({
  urls: [`http://localhost:${port}`],
  dataFolder: root,
  authorityPem: null,
});
/** Others may run on this machine, too. */
const found = () => findRunningLarders(environment).filter(({ dataFolder }) => dataFolder === root);
const isRoot = process.getuid?.() === 0;

/** Writes what a larder of this process would have written, but for `changes`. */
async function write(name: string, changes: object = {}, mode = 0o644): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  await writeFile(path, JSON.stringify({ process: ownIdentity(), startedAtMs: 1, ...larder(5001), ...changes }), {
    mode,
  });
  return path;
}

test("a larder that was announced is found until it withdraws", async () => {
  const withdraw = announceLarder(larder(5005), environment);
  expect(found()).toEqual([{ pid: process.pid, startedAtMs: expect.any(Number), ...larder(5005) }]);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  withdraw?.();
  expect(found()).toEqual([]);
  expect(await readdir(folder)).toEqual([]);
});

test("a session's folder serves as well, and of several larders the newest is first", async () => {
  environment = { XDG_RUNTIME_DIR: root };
  await write("1.json", { startedAtMs: 5, urls: ["http://localhost:1"] });
  await write("2.json", { startedAtMs: 7, urls: ["http://localhost:2"] });
  expect(found().map(({ urls }) => urls[0])).toEqual(["http://localhost:2", "http://localhost:1"]);
});

test("who has ended, or has another's number now, is not found, and is forgotten by the next larder", async () => {
  const child = Bun.spawn(["true"]);
  await child.exited;
  await write("11.json", { process: { ...ownIdentity(), pid: child.pid } });
  await write("12.json", { process: { ...ownIdentity(), startTicks: "1" } });
  expect(found()).toEqual([]);
  announceLarder(larder(5005), environment)?.();
  expect(await readdir(folder)).toEqual([]);
});

test("who is in another network or container is not found, but stays", async () => {
  await write("11.json", { process: { ...ownIdentity(), networkNamespace: "net:[1]" } });
  await write("12.json", { process: { ...ownIdentity(), pidNamespace: "pid:[1]", pid: 4_000_000 } });
  expect(found()).toEqual([]);
  announceLarder(larder(5005), environment)?.();
  expect((await readdir(folder)).toSorted()).toEqual(["11.json", "12.json"]);
});

test("a file that others could have written is not believed", async () => {
  const path = await write("1.json");
  expect(found()).toHaveLength(1);
  await chmod(path, 0o666);
  expect(found()).toEqual([]);
  await chmod(path, 0o644);
  await chmod(folder, 0o777);
  expect(found()).toEqual([]);
  await chmod(folder, 0o755);
  expect(found()).toHaveLength(1);
});

test("neither links, nor folders that are links, nor what is none of larder's files count", async () => {
  const path = await write("1.json");
  const elsewhere = join(root, "elsewhere");
  await mkdir(elsewhere, { mode: 0o700 });
  await symlink(path, join(elsewhere, "2.json"));
  await writeFile(join(elsewhere, "3.json"), "{");
  await writeFile(join(elsewhere, "4.json"), JSON.stringify({ urls: [] }));
  await writeFile(join(elsewhere, "5.json"), "x".repeat(1_000_000));
  Bun.spawnSync(["mkfifo", join(elsewhere, "6.json")]);
  await mkdir(join(elsewhere, "7.json"));
  await link(path, join(elsewhere, "name"));
  environment = { RUNTIME_DIRECTORY: elsewhere };
  expect(found()).toEqual([]);
  await symlink(folder, join(root, "link"));
  environment = { RUNTIME_DIRECTORY: join(root, "link") };
  expect(found()).toEqual([]);
});

test.skipIf(!isRoot)("another user's file is not believed, be one root or not", async () => {
  const path = await write("1.json");
  Bun.spawnSync(["chown", "12345", path]);
  expect(found()).toEqual([]);
  Bun.spawnSync(["chown", "0", path]);
  // Not where everybody makes folders.
  await chmod(root, 0o1777);
  Bun.spawnSync(["chown", "12345", folder]);
  expect(found()).toEqual([]);
});

test("a folder that cannot be made is passed over", async () => {
  await writeFile(join(root, "file"), "");
  const withdraw = announceLarder(larder(5005), { RUNTIME_DIRECTORY: join(root, "file") });
  expect(await readFile(join(root, "file"), "utf8")).toBe("");
  withdraw?.();
});

test.skipIf(!isRoot)(
  "a folder that root gave to larder's own account is that account's, and nobody else's",
  async () => {
    await chmod(root, 0o755);
    const path = await write("1.json");
    Bun.spawnSync(["chown", "-R", "12345", folder]);
    expect(found()).toHaveLength(1);
    Bun.spawnSync(["chown", "54321", path]);
    expect(found()).toEqual([]);
    Bun.spawnSync(["chown", "12345", path]);
    // Somebody else could have made the folder.
    await chmod(root, 0o777);
    expect(found()).toEqual([]);
  },
);

test("others may read where a larder listens, though its process keeps all else to itself", async () => {
  const before = process.umask(0o077);
  const withdraw = announceLarder(larder(5005), environment);
  process.umask(before);
  expect((await stat(join(folder, `${process.pid}.json`))).mode & 0o777).toBe(0o644);
  withdraw?.();
});
