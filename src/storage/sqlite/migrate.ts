import type { Database } from "bun:sqlite";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import initial from "./migrations/0001-initial.sql.ts";
import collection from "./migrations/0002-collection.sql.ts";
import store from "./migrations/0003-store.sql.ts";
import dockerLibrary from "./migrations/0004-docker-library.sql.ts";
import tagOrder from "./migrations/0005-tag-order.sql.ts";
import statistics from "./migrations/0006-statistics.sql.ts";
import setting from "./migrations/0007-setting.sql.ts";
import event from "./migrations/0008-event.sql.ts";
import account from "./migrations/0010-account.sql.ts";
import tagList from "./migrations/0009-tag-list.sql.ts";
import lastPulled from "./migrations/0011-last-pulled.sql.ts";
import repositorySize from "./migrations/0015-repository-size.sql.ts";
import pin from "./migrations/0012-pin.sql.ts";
import delivery from "./migrations/0017-delivery.sql.ts";
import pageSession from "./migrations/0018-page-session.sql.ts";
import fetchJob from "./migrations/0021-fetch-job.sql.ts";
import upstreamProof from "./migrations/0016-upstream-proof.sql.ts";
import activity from "./migrations/0019-activity.sql.ts";
import leftBehind from "./migrations/0013-left-behind.sql.ts";
import recording from "./migrations/0020-recording.sql.ts";
import verification from "./migrations/0014-verification.sql.ts";
import imageMeasure from "./migrations/0022-image-measure.sql.ts";

type Migration = { readonly number: number; readonly sql: string };

/** By their numbers, in the order in which they are applied. Never change one that was released. */
const MIGRATIONS: readonly Migration[] = [
  { number: 1, sql: initial },
  { number: 2, sql: collection },
  { number: 3, sql: store },
  { number: 4, sql: dockerLibrary },
  { number: 5, sql: tagOrder },
  { number: 6, sql: statistics },
  { number: 7, sql: setting },
  { number: 8, sql: event },
  { number: 9, sql: tagList },
  { number: 10, sql: account },
  { number: 11, sql: lastPulled },
  { number: 12, sql: pin },
  { number: 13, sql: leftBehind },
  { number: 14, sql: verification },
  { number: 15, sql: repositorySize },
  { number: 16, sql: upstreamProof },
  { number: 17, sql: delivery },
  { number: 18, sql: pageSession },
  { number: 19, sql: activity },
  { number: 20, sql: recording },
  { number: 21, sql: fetchJob },
  { number: 22, sql: imageMeasure },
];

/** The error for a database that a newer larder has written: this one would misread it. */
export class NewerDatabase extends Error {
  override readonly name = "NewerDatabase";

  constructor(path: string, migrations: readonly number[]) {
    super(`${path} was written by a newer larder (it has migration ${migrations.join(", ")}); use that one`);
  }
}

/** What databases had that only counted their migrations, in `user_version`. */
const COUNTED: readonly number[] = [1, 4];

/**
 * Brings a database's schema up to date, in one transaction. Each migration that was applied has a row in `migration`, so
 * that one with a lower number may come later. `user_version` counts them, which keeps out a larder that only counted.
 * Returns whether there was anything to do. Throws when the database was written by a newer larder.
 */
export function migrate(database: Database, path: string): boolean {
  // With nothing to do nothing is written, which works on a full disk, too; yet what may not be written fails here.
  return database
    .transaction(() => {
      const { applied, missing } = compare(database, path);
      if (missing.length > 0) apply(database, applied, missing);
      return missing.length > 0;
    })
    .immediate();
}

/** Was the database written by an older larder, so that `migrate` will change it? Throws when it was by a newer one. */
export function isOfOlder(database: Database, path: string): boolean {
  const { applied, missing } = compare(database, path);
  return applied.length > 0 && missing.length > 0;
}

type Comparison = { readonly applied: readonly number[]; readonly missing: readonly Migration[] };

function compare(database: Database, path: string): Comparison {
  const applied = readApplied(database);
  const known = new Set(MIGRATIONS.map(({ number }) => number));
  const unknown = applied.filter((number) => !known.has(number));
  if (unknown.length > 0) throw new NewerDatabase(path, unknown);
  return { applied, missing: MIGRATIONS.filter(({ number }) => !applied.includes(number)) };
}

function readApplied(database: Database): readonly number[] {
  const hasTable = database.query("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'").get();
  if (hasTable !== null) {
    return database
      .query<{ number: number }, []>("SELECT number FROM migration")
      .all()
      .map((row) => row.number);
  }
  const count = database.query<{ user_version: number }, []>("PRAGMA user_version").get()?.user_version ?? 0;
  // More than were ever counted: no larder that this one knows of wrote that.
  return count > COUNTED.length ? [...COUNTED, count] : COUNTED.slice(0, count);
}

function apply(database: Database, applied: readonly number[], missing: readonly Migration[]): void {
  database.run("CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY) STRICT");
  for (const { sql } of missing) {
    passFaultPoint("upgrade.apply");
    database.run(sql);
  }
  const note = database.query<null, [number]>("INSERT INTO migration (number) VALUES (?) ON CONFLICT DO NOTHING");
  const numbers = [...applied, ...missing.map(({ number }) => number)];
  for (const number of numbers) note.run(number);
  // The larders that only counted refuse what is beyond their count.
  database.run(`PRAGMA user_version = ${Math.max(numbers.length, COUNTED.length + 1)}`);
  passFaultPoint("upgrade.commit");
}
