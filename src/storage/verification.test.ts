import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { verificationContract } from "./verification.contract.ts";

verificationContract("verification in memory", async () => memoryMetadata());
verificationContract("verification in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-verification-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  return { ...store, close: () => store.close().then(() => rm(folder, { recursive: true })) };
});
