import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventsContract } from "./events.contract.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

eventsContract("events in memory", async () => memoryMetadata());

eventsContract("events in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-events-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
