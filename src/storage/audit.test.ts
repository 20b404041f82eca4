import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { auditContract } from "./audit.contract.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

auditContract("the audit log in memory", async () => memoryMetadata());

auditContract("the audit log in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-audit-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
