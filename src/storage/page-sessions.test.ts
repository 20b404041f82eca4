import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { pageSessionsContract } from "./page-sessions.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

pageSessionsContract("page sessions in memory", async () => memoryMetadata());

pageSessionsContract("page sessions in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-page-sessions-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
