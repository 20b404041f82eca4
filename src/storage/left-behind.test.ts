import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leftBehindContract } from "./left-behind.contract.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

leftBehindContract("manifests without a tag in memory", async () => memoryMetadata());

leftBehindContract("manifests without a tag in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-left-behind-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
