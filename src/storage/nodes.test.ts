import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { nodesContract } from "./nodes.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

nodesContract("nodes in memory", async () => memoryMetadata());

nodesContract("nodes in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-nodes-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
