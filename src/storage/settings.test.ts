import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { settingsContract } from "./settings.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

settingsContract("settings in memory", async () => memoryMetadata());

settingsContract("settings in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-settings-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});

test("a setting in SQLite outlives larder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-settings-"));
  const path = join(folder, "larder.db");
  const first = openSqliteMetadata(path);
  await first.settings.set("offline", true);
  await first.close();
  const second = openSqliteMetadata(path);
  expect(await second.settings.get("offline")).toBe(true);
  await second.close();
  await rm(folder, { recursive: true });
});
