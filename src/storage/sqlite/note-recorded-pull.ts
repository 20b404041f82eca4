import { ALL_ROWS_LIMIT, type NotedPull, RECORDING_ROWS_LIMIT } from "../recordings.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Notes a pull in a recording that is there, within a transaction. As `RecordedPullStore.note`. */
export function noteRecordedPull(database: SqliteDatabase, recording: number, pull: NotedPull): void {
  const { repository, digest, parts, platform } = pull;
  const tag = pull.tag ?? "";
  const known = database
    .query<{ platform: string | null }, [number, string, string, string]>(
      "SELECT platform FROM recorded_pull WHERE recording = ? AND repository = ? AND tag = ? AND digest = ?",
    )
    .get(recording, repository, tag, digest);
  if (known !== null) {
    if (known.platform !== null || platform === null) return;
    database
      .query<null, [string, number, string, string, string]>(
        "UPDATE recorded_pull SET platform = ? WHERE recording = ? AND repository = ? AND tag = ? AND digest = ?",
      )
      .run(platform, recording, repository, tag, digest);
    return;
  }
  if (!takeRoom(database, recording, 1 + parts.length, pull.atMs)) return;
  insert(database, recording, pull);
  if (tag !== "") hide(database, recording, repository, digest);
  const insertPart = database.query<null, [number, string, string, string, string | null]>(
    "INSERT INTO recorded_part (recording, repository, digest, part, platform) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  for (const part of parts) {
    insertPart.run(recording, repository, digest, part.digest, part.platform);
    hide(database, recording, repository, part.digest);
  }
}

/** False, and the recording tells that it is full, where there is no room for so many rows. */
function takeRoom(database: SqliteDatabase, recording: number, rows: number, atMs: number): boolean {
  const used = database
    .query<{ own: number | null; all: number | null }, [number]>(
      'SELECT (SELECT rows FROM recording_tally WHERE recording = ?) AS own, (SELECT sum(rows) FROM recording_tally) AS "all"',
    )
    .get(recording);
  const [own, all] = [used?.own ?? 0, used?.all ?? 0];
  const isRoom = own + rows <= RECORDING_ROWS_LIMIT && all + rows <= ALL_ROWS_LIMIT;
  if (!isRoom)
    database
      .query<null, [number, number]>("UPDATE recording SET full_at = ? WHERE id = ? AND full_at IS NULL")
      .run(atMs, recording);
  return isRoom;
}

function insert(database: SqliteDatabase, recording: number, pull: NotedPull): void {
  const { repository, tag, digest, kind, platform, sizeBytes, atMs, who, from } = pull;
  database
    .query<null, [number, string, string, string, string, string | null, number, number, string | null, string | null]>(
      `INSERT INTO recorded_pull (recording, repository, tag, digest, kind, platform, size, at, who, source, hidden)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?3 = '' AND (
         EXISTS (SELECT 1 FROM recorded_pull WHERE recording = ?1 AND repository = ?2 AND digest = ?4 AND tag <> '')
         OR EXISTS (SELECT 1 FROM recorded_part WHERE recording = ?1 AND repository = ?2 AND part = ?4)))`,
    )
    .run(recording, repository, tag ?? "", digest, kind, platform, sizeBytes, atMs, who, from);
}

/** What was pulled by this digest is told of with another from now on. */
function hide(database: SqliteDatabase, recording: number, repository: string, digest: string): void {
  database
    .query<null, [number, string, string]>(
      "UPDATE recorded_pull SET hidden = 1 WHERE recording = ? AND repository = ? AND tag = '' AND digest = ? AND hidden = 0",
    )
    .run(recording, repository, digest);
}
