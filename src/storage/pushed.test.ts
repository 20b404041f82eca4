import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { pushedContract } from "./pushed.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

pushedContract("what was pushed, in memory", async () => memoryMetadata());

pushedContract("what was pushed, in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-pushed-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
