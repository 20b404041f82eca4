import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RunningProxies } from "./running-proxies.ts";

let folder: string;
let nowMs = 0;
let proxies: RunningProxies;
const uid = process.getuid?.() ?? 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-processes-"));
  proxies = new RunningProxies(() => nowMs, folder);
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
  expect(proxies.programOf({ uid, inode: 72 })).toBe("nginx");
  expect(proxies.programOf({ uid, inode: 7 })).toBeNull();
  expect(proxies.programOf({ uid, inode: 70 })).toBeNull();
});

test("where larder may not look, a proxy's account stands for it, but root does not", async () => {
  await addProcess(11, "haproxy");
  expect(proxies.programOf({ uid, inode: 5 })).toBe(uid === 0 ? null : "haproxy");
  expect(proxies.programOf({ uid: uid + 1, inode: 6 })).toBeNull();
});

test("each connection is looked up once, and the next one anew", async () => {
  expect(proxies.programOf({ uid, inode: 71 })).toBeNull();
  await addProcess(11, "nginx", [71, 72]);
  expect(proxies.programOf({ uid, inode: 72 })).toBe("nginx");
  expect(proxies.programOf({ uid, inode: 71 })).toBeNull();
  nowMs += 10_001;
  expect(proxies.programOf({ uid, inode: 71 })).toBe("nginx");
});

test("without /proc there are none", () => {
  expect(new RunningProxies(() => 0, join(folder, "none")).programOf({ uid, inode: 1 })).toBeNull();
});
