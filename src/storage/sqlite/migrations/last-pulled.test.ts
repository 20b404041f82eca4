import { expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { migrate } from "../migrate.ts";
import initial from "./0001-initial.sql.ts";
import collection from "./0002-collection.sql.ts";
import event from "./0008-event.sql.ts";

/** A database as the release before left it, with manifests of `r` and their tags. */
function oldDatabase(): Database {
  const database = new Database(":memory:", { strict: true });
  for (const sql of [initial, collection, event]) database.run(sql);
  database.run("CREATE TABLE migration (number INTEGER PRIMARY KEY) STRICT");
  for (const number of [1, 2, 8]) database.run("INSERT INTO migration VALUES (?)", [number]);
  return database;
}

function put(database: Database, digest: string, tags: readonly (readonly [string, 0 | 1])[], lists: string[] = []) {
  database.run("INSERT INTO manifest VALUES (?, 'type', x'00')", [digest]);
  database.run("INSERT INTO repository_manifest VALUES ('r', ?, NULL, 7, NULL)", [digest]);
  for (const [name, pushed] of tags)
    database.run("INSERT INTO tag VALUES ('r', ?, ?, ?, 1, 1)", [name, pushed, digest]);
  for (const one of lists) database.run("INSERT INTO manifest_reference VALUES (?, ?)", [digest, one]);
}

test("of what is here it is told whether it was cached, and what does not tell counts as pushed", () => {
  const database = oldDatabase();
  put(database, "cached by tag", [["a", 0]]);
  put(database, "both", [
    ["b", 1],
    ["c", 0],
  ]);
  put(database, "pushed", [["d", 1]]);
  put(database, "by digest, of an event", []);
  put(database, "by digest, of two events", []);
  put(database, "by digest", []);
  put(database, "child", []);
  put(database, "child of its own", [["e", 1]]);
  put(database, "index", [["i", 0]], ["child", "child of its own", "not here"]);
  const tell = (kind: string, digest: string) =>
    database.run("INSERT INTO event (at, kind, repository, digest) VALUES (1, ?, 'r', ?)", [kind, digest]);
  for (const digest of ["by digest, of an event", "by digest, of two events"]) tell("cached", digest);
  tell("pushed", "by digest, of two events");
  tell("collected", "by digest");
  migrate(database, "larder.db");
  const rows = database
    .query<{ manifest: string; pushed: number; used_at: number; pulled_at: number }, []>(
      "SELECT manifest, pushed, used_at, pulled_at FROM repository_manifest",
    )
    .all();
  expect(rows.filter(({ pushed }) => pushed === 0).map(({ manifest }) => manifest)).toEqual([
    "by digest, of an event",
    "cached by tag",
    "child",
    "index",
  ]);
  expect(rows.every(({ used_at, pulled_at }) => used_at === 7 && pulled_at === 0)).toBe(true);
  database.close();
});
