import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { proofsContract } from "./proofs.contract.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

proofsContract("proofs, in memory", async () => memoryMetadata());

proofsContract("proofs, in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-proofs-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});
