import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, fstatSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isJournal } from "./journal-stream.ts";
import { listenForNotices } from "./notify-receiver.fixture.ts";
import { openNotifySocket } from "./notify-socket.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-notify-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(process.platform !== "linux")("a notification socket", () => {
  test.each(["a path", "an abstract name"])("at %s takes what is said, a message each", (kind) => {
    const name = kind === "a path" ? join(folder, "notify") : `@larder-test-${crypto.randomUUID()}`;
    const receiver = listenForNotices(name);
    const socket = openNotifySocket(name);
    expect(socket?.send(["READY=1", "STATUS=serves ä"])).toBe(true);
    expect(socket?.send(["WATCHDOG=1"])).toBe(true);
    expect(receiver.received()).toEqual(["READY=1\nSTATUS=serves ä", "WATCHDOG=1"]);
    receiver.close();
  });

  test("where nobody listens, that is said and nothing else happens", () => {
    expect(openNotifySocket(join(folder, "nobody"))?.send(["READY=1"])).toBe(false);
  });

  test.each(["", "relative", "@", "/", "vsock:2:1234", `/${"x".repeat(200)}`, `@${"x".repeat(108)}`])(
    "%p is none",
    (name) => {
      expect(openNotifySocket(name)?.send(["READY=1"]) ?? false).toBe(false);
    },
  );

  test("tells the time of the clock that the machine counts by", async () => {
    const socket = openNotifySocket("@larder-test");
    // CLOCK_BOOTTIME, which also counts the time that a machine slept.
    const upSeconds = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
    const told = Number(socket?.monotonicMicros() ?? 0n) / 1e6;
    expect(told).toBeGreaterThan(0);
    expect(told).toBeLessThanOrEqual(upSeconds + 60);
    expect((socket?.monotonicMicros() ?? 0n) / 1_000_000n).toBeLessThanOrEqual(BigInt(Math.ceil(upSeconds)) + 60n);
  });
});

test("output goes to the journal when it is the journal's very socket", () => {
  const file = openSync(join(folder, "log"), "w");
  const { dev, ino } = fstatSync(file, { bigint: true });
  expect(isJournal(file, `${dev}:${ino}`)).toBe(true);
  for (const other of [undefined, "", `${dev}:${ino + 1n}`, "x"]) expect(isJournal(file, other)).toBe(false);
  closeSync(file);
  expect(isJournal(9999, `${dev}:${ino}`)).toBe(false);
});
