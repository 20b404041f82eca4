import { expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deliveriesContract, happeningsContract, SMALL_LIMITS } from "./deliveries.contract.ts";
import { MemoryDeliveries } from "./memory/deliveries-memory.ts";
import { memoryMetadata } from "./memory/metadata-memory.ts";
import { openSqliteMetadata } from "./sqlite/metadata-sqlite.ts";
import { SqliteDatabase } from "./sqlite/sqlite-database.ts";
import { SqliteDeliveries } from "./sqlite/sqlite-deliveries.ts";

async function inFolder<T extends { close(): Promise<void> }>(open: (path: string) => T): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "larder-deliveries-"));
  const store = open(join(folder, "larder.db"));
  const close = async () => {
    await store.close();
    await rm(folder, { recursive: true });
  };
  return { ...store, close };
}

deliveriesContract("deliveries in memory", async () => ({
  deliveries: new MemoryDeliveries(SMALL_LIMITS),
  close: async () => {},
}));

deliveriesContract("deliveries in SQLite", () =>
  inFolder((path) => {
    const database = new SqliteDatabase(path);
    return { deliveries: new SqliteDeliveries(database, SMALL_LIMITS), close: async () => void database.close() };
  }),
);

happeningsContract("happenings in memory", async () => memoryMetadata());

happeningsContract("happenings in SQLite", () => inFolder(openSqliteMetadata));

test("what waits survives a restart, and what was done does not come back", async () => {
  const folder = await mkdtemp(join(tmpdir(), "larder-deliveries-"));
  const path = join(folder, "larder.db");
  const first = openSqliteMetadata(path);
  await first.deliveries.add([1, 2, 3].map((record) => ({ endpoint: "a", record: `${record}`, atMs: 7 })));
  const done = await first.deliveries.next("a");
  await first.deliveries.done(done?.id ?? 0);
  await first.deliveries.failed((await first.deliveries.next("a"))?.id ?? 0);
  await first.close();
  const second = openSqliteMetadata(path);
  expect(await second.deliveries.next("a")).toMatchObject({ record: "2", attempts: 1 });
  expect(await second.deliveries.tallies()).toMatchObject([{ waiting: 2 }]);
  await second.close();
  await rm(folder, { recursive: true });
});
