import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { migrate } from "./migrate.ts";
import initial from "./migrations/0001-initial.sql.ts";

function schemaOf(database: Database): unknown {
  return database.query("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").all();
}

function applied(database: Database): unknown {
  return database.query<{ number: number }, []>("SELECT number FROM migration ORDER BY number").values().flat();
}

function fresh(): Database {
  const database = new Database(":memory:", { strict: true });
  migrate(database, "fresh.db");
  return database;
}

test("a database that only counted its migrations gets those that it lacks, whatever their numbers", () => {
  for (const counted of [1, 2]) {
    const old = new Database(":memory:", { strict: true });
    old.run(initial);
    old.run(`PRAGMA user_version = ${counted}`);
    migrate(old, "old.db");
    expect(schemaOf(old)).toEqual(schemaOf(fresh()));
    expect(applied(old)).toEqual(applied(fresh()));
  }
});

test("a migration with a lower number that comes later is applied; what was applied is not applied again", () => {
  const database = fresh();
  const before = schemaOf(database);
  // As if its migration had not been there yet, while a later one was.
  database.run("DELETE FROM migration WHERE number = 4");
  migrate(database, "gap.db");
  migrate(database, "gap.db");
  expect(applied(database)).toEqual(applied(fresh()));
  expect(schemaOf(database)).toEqual(before);
});

test("a larder that only counts migrations refuses the database, and one of a newer larder is refused here", () => {
  const database = fresh();
  expect(database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version).toBeGreaterThan(2);
  database.run("INSERT INTO migration (number) VALUES (9999)");
  expect(() => migrate(database, "newer.db")).toThrow("newer larder (it has migration 9999)");
  const counted = new Database(":memory:", { strict: true });
  counted.run("PRAGMA user_version = 999");
  expect(() => migrate(counted, "counted.db")).toThrow("newer larder");
});

test("the tags of an old database have their place in the order of time", () => {
  const old = new Database(":memory:", { strict: true });
  old.run(initial);
  old.run("PRAGMA user_version = 1");
  for (const [name, updatedAt] of Object.entries({ a: 3, b: 1, c: 2 })) {
    old.run("INSERT INTO tag VALUES ('local/app', ?, 1, 'sha256:0', ?, 0)", [name, updatedAt]);
  }
  migrate(old, "old.db");
  const sql = "SELECT name FROM tag INDEXED BY tag_updated ORDER BY updated_at";
  expect(old.query<{ name: string }, []>(sql).values().flat()).toEqual(["b", "c", "a"]);
});
