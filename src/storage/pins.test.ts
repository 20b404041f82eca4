import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { pinsContract } from "./pins.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

pinsContract("pins in memory", async () => memoryMetadata());

pinsContract("pins in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-pins-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
