import { beforeEach, expect, test } from "bun:test";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import type { SettingsStore } from "../../storage/settings.ts";
import { storageFull } from "../../storage/storage-error.ts";
import { LineLog } from "../../telemetry/line-log.ts";
import { OfflineSwitch } from "./offline-switch.ts";
import { BestEffortWrites } from "./best-effort-writes.ts";
import { Upstreams } from "./upstreams.ts";

let settings: SettingsStore;
let log: string;
beforeEach(() => {
  settings = memoryMetadata().settings;
  log = "";
});

/** A larder that starts over the same store. */
async function start(configured: boolean, store = settings) {
  const upstreams = new Upstreams([], false);
  const lines = new LineLog(
    (line) => {
      log += line;
    },
    "info",
    () => 0,
  );
  const offline = new OfflineSwitch(upstreams, store, new BestEffortWrites(lines, () => 0));
  await offline.start(configured);
  return { upstreams, offline };
}

test("what was switched while it ran holds after a restart, until it is switched back", async () => {
  const first = await start(false);
  expect(first.upstreams.offline).toBe(false);
  await first.offline.switch(true);
  expect(first.upstreams.offline).toBe(true);
  const second = await start(false);
  expect(second.upstreams.offline).toBe(true);
  await second.offline.switch(false);
  expect((await start(false)).upstreams.offline).toBe(false);
});

test("a configuration that says offline holds at each start, and is the last word", async () => {
  await (await start(false)).offline.switch(false);
  const first = await start(true);
  expect(first.upstreams.offline).toBe(true);
  await first.offline.switch(false);
  expect(first.upstreams.offline).toBe(false);
  expect((await start(true)).upstreams.offline).toBe(true);
  expect((await start(false)).upstreams.offline).toBe(false);
});

test("a configuration that changes while it runs takes the place of what was switched", async () => {
  const { upstreams, offline } = await start(false);
  await offline.switch(true);
  await offline.configure(false);
  expect(upstreams.offline).toBe(false);
  expect((await start(false)).upstreams.offline).toBe(false);
  await offline.configure(true);
  expect(upstreams.offline).toBe(true);
  expect((await start(false)).upstreams.offline).toBe(false);
});

test("all who share the store follow the switch", async () => {
  const [one, other] = [await start(false), await start(false)];
  await one.offline.switch(true);
  expect(other.upstreams.offline).toBe(true);
  await other.offline.switch(false);
  expect(one.upstreams.offline).toBe(false);
});

test("on a full disk it is switched all the same, and the log says that it could not be kept", async () => {
  const full: SettingsStore = { ...settings, get: async () => null, subscribe: () => () => {}, set: fail };
  const { upstreams, offline } = await start(false, full);
  await offline.switch(true);
  expect(upstreams.offline).toBe(true);
  expect(log).toContain("whether larder is offline could not be written down");
});

function fail(): Promise<void> {
  return Promise.reject(storageFull());
}
