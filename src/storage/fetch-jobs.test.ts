import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { fetchJobsContract } from "./fetch-jobs.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

fetchJobsContract("fetch jobs in memory", async () => memoryMetadata());

fetchJobsContract("fetch jobs in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-fetch-jobs-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
