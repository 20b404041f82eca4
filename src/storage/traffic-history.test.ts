import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { trafficHistoryContract } from "./traffic-history.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

trafficHistoryContract("history of traffic in memory", async () => memoryMetadata());

trafficHistoryContract("history of traffic in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-traffic-history-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
