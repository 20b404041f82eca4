import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RepositoryName } from "../oci/repository-name.ts";
import { metadataContract } from "./metadata.contract.ts";
import { memoryMetadata } from "./metadata-memory.ts";
import { openSqliteMetadata } from "./metadata-sqlite.ts";

metadataContract("metadata in memory", async () => memoryMetadata());

metadataContract("metadata in SQLite", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const store = openSqliteMetadata(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
});

test("the database is readable by its owner alone, and its content survives being closed", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const path = join(folder, "larder.db");
  const session = { id: "s", repository: "local/x" as RepositoryName, startedAtMs: 1 };
  const first = openSqliteMetadata(path);
  await first.sessions.createSession(session);
  await first.close();
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const second = openSqliteMetadata(path);
  expect(await second.sessions.getSession("s")).toEqual(session);
  await second.close();
  await rm(folder, { recursive: true });
});

test("a database of a newer larder is refused, not misread", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-metadata-"));
  const path = join(folder, "larder.db");
  const newer = new Database(path);
  newer.run("PRAGMA user_version = 999");
  newer.close();
  expect(() => openSqliteMetadata(path)).toThrow("newer larder");
  await rm(folder, { recursive: true });
});
