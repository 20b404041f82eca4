import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Turns } from "../lib/async/turns.ts";
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
  await writeFile(join(folder, "loadavg"), `0.14 0.18 0.11 1/139 ${pid}\n`);
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

test("where larder may not look, a proxy's account stands for it", async () => {
  await addProcess(11, "haproxy");
  expect(await proxies.programOf({ uid, inode: 5 })).toBe("haproxy or another program of its account");
  expect(await proxies.programOf({ uid: uid + 1, inode: 6 })).toBeNull();
});

test("one on a network of its own, in a container, does not count then", async () => {
  const interfaces = (...names: string[]) =>
    ["Inter-|", " face |bytes", ...names.map((name) => `${name}: 0 1`)].join("\n");
  await addProcess(11, "haproxy");
  for (const name of ["11", "self"]) await mkdir(join(folder, name, "net"), { recursive: true });
  await writeFile(join(folder, "self", "net", "dev"), interfaces("  lo", " eth0", "docker0"));
  await writeFile(join(folder, "11", "net", "dev"), interfaces("  lo", " eth0"));
  expect(await proxies.programOf({ uid, inode: 5 })).toBeNull();
  await writeFile(join(folder, "11", "net", "dev"), interfaces("  lo", " eth0", "docker0"));
  expect(await proxies.programOf({ uid, inode: 6 })).toContain("haproxy");
});

test("each connection is looked up once, and the next one anew", async () => {
  await addProcess(10, "haproxy", [70]);
  expect(await proxies.programOf({ uid, inode: 71 })).toBeNull();
  await addProcess(11, "nginx", [71, 72]);
  expect(await proxies.programOf({ uid, inode: 72 })).toBe("nginx");
  expect(await proxies.programOf({ uid, inode: 71 })).toBeNull();
  nowMs += 10_001;
  expect(await proxies.programOf({ uid, inode: 71 })).toBe("nginx");
});

test("one that has just begun is seen, and a program that becomes one is a second later", async () => {
  await addProcess(10, "podman", [70]);
  await addProcess(11, "sh", [71]);
  const ask = async () => [await proxies.any(), await proxies.programOf({ uid, inode: 71 })];
  expect(await ask()).toEqual([null, null]);
  await writeFile(join(folder, "11", "comm"), "nginx\n");
  expect(await ask()).toEqual([null, null]);
  nowMs += 1001;
  expect(await ask()).toEqual(["nginx", "nginx"]);
  await addProcess(12, "haproxy", [72]);
  expect(await proxies.programOf({ uid, inode: 72 })).toBe("haproxy");
});

test("a listing that has begun is not the one of those who ask after that", async () => {
  for (let pid = 10; pid < 30; pid++) await addProcess(pid, "podman");
  await addProcess(30, "haproxy", []);
  const before = proxies.programOf({ uid, inode: 5 });
  await addProcess(9, "nginx", [7]);
  expect(await proxies.programOf({ uid, inode: 7 })).toBe("nginx");
  await before;
});

test("without /proc there are none", async () => {
  const none = new RunningProxies(() => 0, new Turns(), join(folder, "none"));
  expect(await none.programOf({ uid, inode: 1 })).toBeNull();
  expect(await none.any()).toBeNull();
});
