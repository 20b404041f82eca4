import type { Page } from "../page.ts";
import type { RecordedBlob, VerificationPass, VerificationStore } from "../verification.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type PassValues = [number, number | null, string | null, number, number, number, number | null];

/** The state of the verification in SQLite. */
export class SqliteVerification implements VerificationStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async readPass(): Promise<VerificationPass | null> {
    const sql = `SELECT started_at AS startedAtMs, ended_at AS endedAtMs, after, blobs, bytes, rotten,
      last_ended_at AS lastEndedAtMs FROM verification`;
    return this.#database.query<VerificationPass, []>(sql).get();
  }

  async savePass({ startedAtMs, endedAtMs, after, blobs, bytes, rotten, lastEndedAtMs }: VerificationPass) {
    this.#database.lightly(() =>
      this.#database
        .query<null, PassValues>(
          `INSERT OR REPLACE INTO verification
             (one, started_at, ended_at, after, blobs, bytes, rotten, last_ended_at) VALUES (1, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(startedAtMs, endedAtMs, after, blobs, bytes, rotten, lastEndedAtMs),
    );
  }

  async listBlobs({ after, limit }: Page): Promise<readonly RecordedBlob[]> {
    const sql = "SELECT digest, size FROM blob WHERE digest > ? ORDER BY digest LIMIT ?";
    return this.#database.query<RecordedBlob, [string, number]>(sql).all(after ?? "", limit);
  }
}
