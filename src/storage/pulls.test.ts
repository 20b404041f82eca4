import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { pullsContract } from "./pulls.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

pullsContract("pulls in memory", async () => memoryMetadata());

pullsContract("pulls in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-pulls-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
