import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmod, mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAdministratorSecret, leaveAdministratorSecret, type ListenedAt } from "./administrator-file.ts";
import { ownIdentity } from "./process-identity.ts";

const ID = "0123456789abcdef";
const EVERYWHERE: readonly ListenedAt[] = [{ scheme: "http", host: null, port: 5000 }];

let root: string;
let folder: string;
let environment: Record<string, string>;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "larder-administrator-"));
  folder = join(root, "larder");
  environment = { RUNTIME_DIRECTORY: folder };
});
afterEach(() => rm(root, { recursive: true, force: true }));

const leave = (listeners = EVERYWHERE, id = ID, secret = "s") =>
  leaveAdministratorSecret(id, secret, listeners, environment);
const find = (origin = "http://localhost:5000", id: string | null = ID) =>
  findAdministratorSecret(id, origin, environment)?.secret ?? null;
const isRoot = process.getuid?.() === 0;

test("a larder's secret is found by its own user until it is withdrawn, and nobody else can read it", async () => {
  const withdraw = leave();
  const path = join(folder, `administrator-${ID}.json`);
  expect([(await stat(path)).mode & 0o777, (await stat(folder)).mode & 0o777]).toEqual([0o600, 0o700]);
  expect(find()).toBe("s");
  withdraw?.();
  expect(find()).toBeNull();
  expect(await readdir(folder)).toEqual([]);
});

test("several larders have a secret each, by the process that answers", () => {
  leave(EVERYWHERE, "a".repeat(16), "one");
  leave(EVERYWHERE, "b".repeat(16), "two");
  expect(find(undefined, "b".repeat(16))).toBe("two");
  for (const id of ["c".repeat(16), null, "", "../../etc/passwd", `${ID}/`]) expect(find(undefined, id)).toBeNull();
});

test.each(["http://localhost:5000", "http://127.0.0.1:5000", "http://127.9.9.9:5000", "http://[::1]:5000"])(
  "it is sent to %s, where nobody else can listen",
  (origin) => {
    leave();
    expect(findAdministratorSecret(ID, origin, environment)).toEqual({ origin, secret: "s" });
  },
);

test.each([
  "http://localhost:5001",
  "https://localhost:5000",
  "http://localhost",
  "http://192.0.2.7:5000",
  "http://registry.example:5000",
  "http://localhost.example:5000",
])("it is not sent to %s, which says that it is the same larder", (origin) => {
  leave();
  expect(find(origin)).toBeNull();
});

test("where larder listens at some addresses alone, it is sent to just these", () => {
  leave([{ scheme: "http", host: "127.0.0.1", port: 5000 }]);
  expect(find("http://127.0.0.1:5000")).toBe("s");
  for (const origin of ["http://[::1]:5000", "http://127.0.0.2:5000"]) expect(find(origin)).toBeNull();
  // A name may lead elsewhere.
  expect(findAdministratorSecret(ID, "http://localhost:5000", environment)?.origin).toBe("http://127.0.0.1:5000");
});

test("a larder that was told to listen at localhost is asked there", () => {
  leave([{ scheme: "http", host: "localhost", port: 5000 }]);
  expect(find()).toBe("s");
  expect(find("http://127.0.0.1:5000")).toBeNull();
});

test("secrets of larders that have ended are taken away by the next one", async () => {
  const child = Bun.spawn(["true"]);
  await child.exited;
  await write({ ...ownIdentity(), pid: child.pid });
  expect(find()).toBeNull();
  leave(EVERYWHERE, "b".repeat(16))?.();
  expect(await readdir(folder)).toEqual([]);
});

test("one of a process in another container stays, and is not found", async () => {
  await write({ ...ownIdentity(), networkNamespace: "net:[1]" });
  expect(find()).toBeNull();
  leave(EVERYWHERE, "b".repeat(16))?.();
  expect(await readdir(folder)).toHaveLength(1);
});

test("a folder that others write to, or a link, holds nothing", async () => {
  leave();
  await chmod(folder, 0o777);
  expect(find()).toBeNull();
  await chmod(folder, 0o700);
  await rename(folder, join(root, "other"));
  await symlink(join(root, "other"), folder);
  expect(find()).toBeNull();
});

test("a file that others may read, or a link, is no secret", async () => {
  leave();
  const path = join(folder, `administrator-${ID}.json`);
  await chmod(path, 0o644);
  expect(find()).toBeNull();
  await chmod(path, 0o600);
  expect(find()).toBe("s");
  await rename(path, join(root, "secret"));
  await symlink(join(root, "secret"), path);
  expect(find()).toBeNull();
});

test.skipIf(!isRoot)("root finds the secrets of a service's user, and nobody's in a folder of another", async () => {
  leave();
  const path = join(folder, `administrator-${ID}.json`);
  Bun.spawnSync(["chown", "-R", "12345", folder]);
  expect(find()).toBe("s");
  Bun.spawnSync(["chown", "54321", path]);
  expect(find()).toBeNull();
});

test.skipIf(!isRoot)("a folder of somebody else's is not written to", async () => {
  await mkdir(folder, { mode: 0o700 });
  Bun.spawnSync(["chown", "12345", folder]);
  leave()?.();
  expect(await readdir(folder)).toEqual([]);
});

async function write(owner: object): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const content = JSON.stringify({ process: owner, secret: "s", listeners: EVERYWHERE });
  await writeFile(join(folder, `administrator-${ID}.json`), content, { mode: 0o600 });
}
