import type { SqliteDatabase } from "../storage/sqlite/sqlite-database.ts";
import { type Cell, KEPT_TABLES, keptTableTriggers } from "./kept-tables.ts";
import type { StoreRecord } from "./store-record.ts";

/** What the triggers note. For a manifest only its digest: the bytes are read when the transaction ends. */
type ChangeRow = {
  readonly kind: StoreRecord["kind"];
  readonly a: string;
  readonly b: string | null;
  readonly c: string | null;
  readonly n: number | null;
  readonly m: number | null;
  readonly pushed: 0 | 1 | null;
};

/**
 * Triggers of this connection alone, so whatever changes these tables is seen, cascades included, and no code that does
 * has to say so. What they note is in memory, and goes with a transaction that is rolled back. When a cached tag was last
 * checked or pulled is no change.
 */
const TRIGGERS = `
CREATE TEMP TABLE change (
  place INTEGER PRIMARY KEY, kind TEXT NOT NULL, a TEXT NOT NULL, b TEXT, c TEXT, n INTEGER, m INTEGER, pushed INTEGER
);
CREATE TEMP TRIGGER manifest_came AFTER INSERT ON main.manifest BEGIN
  INSERT INTO change (kind, a) VALUES ('manifest', new.digest);
END;
CREATE TEMP TRIGGER held AFTER INSERT ON main.repository_manifest BEGIN
  INSERT INTO change (kind, a, b, c, n, m, pushed) VALUES
    ('held', new.repository, new.manifest, new.subject, new.added_at, new.orphaned_at, new.pushed);
END;
CREATE TEMP TRIGGER held_still AFTER UPDATE OF orphaned_at, pushed ON main.repository_manifest BEGIN
  INSERT INTO change (kind, a, b, c, n, m, pushed) VALUES
    ('held', new.repository, new.manifest, new.subject, new.added_at, new.orphaned_at, new.pushed);
END;
CREATE TEMP TRIGGER dropped AFTER DELETE ON main.repository_manifest BEGIN
  INSERT INTO change (kind, a, b) VALUES ('dropped', old.repository, old.manifest);
END;
CREATE TEMP TRIGGER tagged AFTER INSERT ON main.tag BEGIN
  INSERT INTO change (kind, a, b, c, n, m, pushed) VALUES
    ('tag', new.repository, new.name, new.manifest, new.updated_at, new.checked_at, new.pushed);
END;
CREATE TEMP TRIGGER tagged_anew AFTER UPDATE OF manifest ON main.tag BEGIN
  INSERT INTO change (kind, a, b, c, n, m, pushed) VALUES
    ('tag', new.repository, new.name, new.manifest, new.updated_at, new.checked_at, new.pushed);
END;
CREATE TEMP TRIGGER untagged AFTER DELETE ON main.tag BEGIN
  INSERT INTO change (kind, a, b, pushed) VALUES ('untagged', old.repository, old.name, old.pushed);
END;
CREATE TEMP TRIGGER set_first AFTER INSERT ON main.setting BEGIN
  INSERT INTO change (kind, a, b) VALUES ('setting', new.key, new.value);
END;
CREATE TEMP TRIGGER set_anew AFTER UPDATE ON main.setting BEGIN
  INSERT INTO change (kind, a, b) VALUES ('setting', new.key, new.value);
END;
CREATE TEMP TRIGGER unset AFTER DELETE ON main.setting BEGIN
  INSERT INTO change (kind, a) VALUES ('setting', old.key);
END;
`;

/** Begins to record what transactions change in the database. */
export function watchChanges(database: SqliteDatabase): void {
  database.script("PRAGMA temp_store = MEMORY");
  database.script(TRIGGERS);
  for (const table of KEPT_TABLES) database.script(keptTableTriggers(table));
}

/** The changes since the last call, in order: to be called at the end of a transaction, within it. */
export function takeChanges(database: SqliteDatabase): readonly StoreRecord[] {
  const rows = database.query<ChangeRow, []>("SELECT kind, a, b, c, n, m, pushed FROM change ORDER BY place").all();
  if (rows.length === 0) return [];
  database.query<null, []>("DELETE FROM change").run();
  return rows.map((row) => toRecord(database, row)).filter((record) => record !== null);
}

function toRecord(database: SqliteDatabase, { kind, a, b, c, n, m, pushed }: ChangeRow): StoreRecord | null {
  switch (kind) {
    case "manifest":
      return readManifest(database, a);
    case "held":
      return {
        kind,
        repository: a,
        manifest: b ?? "",
        subject: c,
        addedAtMs: n ?? 0,
        orphanedAtMs: m,
        pushed,
        pulledAtMs: null,
      };
    case "dropped":
      return { kind, repository: a, manifest: b ?? "" };
    case "tag": {
      const times = { updatedAtMs: n ?? 0, checkedAtMs: m ?? 0 };
      return { kind, repository: a, name: b ?? "", pushed: pushed ?? 0, manifest: c ?? "", ...times };
    }
    case "untagged":
      return { kind, repository: a, name: b ?? "", pushed: pushed ?? 0 };
    case "setting":
      return { kind, key: a, value: b };
    case "row":
      return { kind, table: a, row: cellsOf(b) };
    case "gone":
      return { kind, table: a, key: cellsOf(b) };
    case "begin":
    case "end":
      return null;
  }
  return kind satisfies never;
}

function cellsOf(text: string | null): Record<string, Cell> {
  return JSON.parse(text ?? "{}") as Record<string, Cell>;
}

function readManifest(database: SqliteDatabase, digest: string): StoreRecord | null {
  const row = database
    .query<{ media_type: string; bytes: Uint8Array }, [string]>(
      "SELECT media_type, bytes FROM manifest WHERE digest = ?",
    )
    .get(digest);
  return row === null ? null : manifestRecord(digest, row.media_type, row.bytes);
}

/** Makes the record of a manifest. */
export function manifestRecord(digest: string, mediaType: string, bytes: Uint8Array): StoreRecord {
  return { kind: "manifest", digest, mediaType, bytes: Buffer.from(bytes).toString("base64") };
}
