import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { sharingContract } from "./sharing.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

sharingContract("sharing, in memory", async () => memoryMetadata());

sharingContract("sharing, in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-sharing-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
