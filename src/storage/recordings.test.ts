import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { recordingsContract } from "./recordings.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

recordingsContract("recordings in memory", async () => memoryMetadata());

recordingsContract("recordings in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-recordings-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
