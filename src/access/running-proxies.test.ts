import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../lib/turns.ts";
import { RunningProxies } from "./running-proxies.ts";

let folder: string;
let nowMs = 0;
let proxies: RunningProxies;
const uid = process.getuid?.() ?? 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-processes-"));
  proxies = new RunningProxies(() => nowMs, new Turns({ turnMs: 0 }), folder);
});
afterEach(() => rm(folder, { recursive: true }));

/** A process as /proc shows it. Without `sockets`, one that larder may not look into. */
async function addProcess(pid: number, program: string, sockets?: readonly number[]): Promise<void> {
  await mkdir(join(folder, String(pid)));
  await writeFile(join(folder, String(pid), "comm"), `${program}\n`);
  if (sockets === undefined) return;
  await mkdir(join(folder, String(pid), "fd"));
  for (const [fd, inode] of sockets.entries()) {
    await symlink(`socket:[${inode}]`, join(folder, String(pid), "fd", String(fd)));
  }
}

test("a socket that a proxy has is the proxy's, and another of the same account is not", async () => {
  await addProcess(10, "podman", [70]);
  await addProcess(11, "nginx", [71, 72]);
  expect(await proxies.programOf({ uid, inode: 72 })).toBe("nginx");
  expect(await proxies.programOf({ uid, inode: 7 })).toBeNull();
  expect(await proxies.programOf({ uid, inode: 70 })).toBeNull();
});

test("where larder may not look, a proxy's account stands for it, but root does not", async () => {
  await addProcess(11, "haproxy");
  expect(await proxies.programOf({ uid, inode: 5 })).toBe(uid === 0 ? null : "haproxy");
  expect(await proxies.programOf({ uid: uid + 1, inode: 6 })).toBeNull();
});

test("each connection is looked up once, and the next one anew", async () => {
  expect(await proxies.programOf({ uid, inode: 71 })).toBeNull();
  await addProcess(11, "nginx", [71, 72]);
  expect(await proxies.programOf({ uid, inode: 72 })).toBe("nginx");
  expect(await proxies.programOf({ uid, inode: 71 })).toBeNull();
  nowMs += 10_001;
  expect(await proxies.programOf({ uid, inode: 71 })).toBe("nginx");
});

test("one that runs is told, whoever has it", async () => {
  await addProcess(10, "podman", [70]);
  expect(await proxies.any()).toBeNull();
  await addProcess(11, "nginx");
  expect(await proxies.any()).toBe("nginx");
});

test("one that starts while others are looked for is seen by those who ask after that", async () => {
  for (let pid = 10; pid < 30; pid++) await addProcess(pid, "podman");
  const before = proxies.any();
  await addProcess(9, "nginx");
  expect(await proxies.any()).toBe("nginx");
  await before;
});

test("without /proc there are none", async () => {
  const none = new RunningProxies(() => 0, new Turns(), join(folder, "none"));
  expect(await none.programOf({ uid, inode: 1 })).toBeNull();
  expect(await none.any()).toBeNull();
});
