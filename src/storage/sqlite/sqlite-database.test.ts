import { expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RegistryError } from "../../oci/registry-error.ts";
import { SqliteDatabase } from "./sqlite-database.ts";

const PAGE = 4096;

test("a statement that meets a page of garbage tells of it and fails as unavailable; those that do not meet it go on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-database-"));
  const path = join(folder, "larder.db");
  const first = new SqliteDatabase(path);
  const insert = first.query<null, [string, number]>("INSERT INTO blob (digest, size) VALUES (?, ?)");
  first.transact(() => {
    for (let i = 0; i < 5000; i++) insert.run(`sha256:${String(i).padStart(64, "0")}`, i);
  });
  first.close();
  const bytes = readFileSync(path);
  const pages = bytes.byteLength / PAGE;
  bytes.fill(0xa5, Math.floor(pages * 0.9) * PAGE, Math.floor(pages * 0.95) * PAGE);
  writeFileSync(path, bytes);
  const second = new SqliteDatabase(path);
  let told = 0;
  second.onDamage(() => told++);
  const read = (sql: string) => {
    try {
      return second.query<{ size: number }, []>(sql).all().length;
    } catch (error) {
      return error instanceof RegistryError ? error.code : error;
    }
  };
  expect(read("SELECT size FROM blob ORDER BY digest LIMIT 10")).toBe(10);
  expect(told).toBe(0);
  expect(read("SELECT size FROM blob ORDER BY digest")).toBe("UNAVAILABLE");
  expect(told).toBe(1);
  expect(second.check()).not.toBeNull();
  expect(() => second.transact(() => second.query("UPDATE blob SET size = size + 1").run())).toThrow("larder rebuild");
  second.abandon();
  await rm(folder, { recursive: true });
});
