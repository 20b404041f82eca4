import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { accountsContract } from "./accounts.contract.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";

accountsContract("accounts in memory", async () => memoryMetadata());

accountsContract("accounts in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-accounts-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});

test("a user in SQLite outlives larder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-accounts-"));
  const path = join(folder, "larder.db");
  const first = openSqliteMetadata(path);
  const entry = { who: null, from: null, requestId: null, atMs: 1, subject: "bob", detail: null } as const;
  await first.accounts.users.put(
    { name: "bob", passwordHash: "h", grants: null, expect: null },
    { ...entry, action: "user-added" },
  );
  await first.close();
  const second = openSqliteMetadata(path);
  expect(await second.accounts.users.get("bob")).toMatchObject({ passwordHash: "h" });
  await second.close();
  await rm(folder, { recursive: true });
});
