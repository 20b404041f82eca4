import { PROOF_MS, PROOFS_LIMIT, type ProofStore } from "../proofs.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Old ones are cleared away after so many notes: counting takes milliseconds. */
const CLEAR_EVERY = 500;

/** Proofs in SQLite. They are not synced: what a power cut takes is proven again. */
export class SqliteProofs implements ProofStore {
  readonly #database: SqliteDatabase;
  #notes = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async seenAtMs(hash: string, nowMs: number): Promise<number | null> {
    const sql = "SELECT seen_at FROM upstream_proof WHERE hash = ?";
    const row = this.#database.query<{ seen_at: number }, [string]>(sql).get(hash);
    return row === null || nowMs - row.seen_at > PROOF_MS ? null : row.seen_at;
  }

  async note(hash: string, atMs: number): Promise<void> {
    this.#database.transact(() => {
      this.#database
        .query<null, [string, number]>(
          "INSERT INTO upstream_proof (hash, seen_at) VALUES (?, ?) ON CONFLICT DO UPDATE SET seen_at = excluded.seen_at",
        )
        .run(hash, atMs);
      this.#notes += 1;
      if (this.#notes % CLEAR_EVERY === 1) this.#clear(atMs);
    });
  }

  async forget(hash: string): Promise<void> {
    this.#database.transact(() => {
      this.#database.query<null, [string]>("DELETE FROM upstream_proof WHERE hash = ?").run(hash);
    });
  }

  #clear(nowMs: number): void {
    this.#database.query<null, [number]>("DELETE FROM upstream_proof WHERE seen_at < ?").run(nowMs - PROOF_MS);
    this.#database
      .query<null, [number]>(
        `DELETE FROM upstream_proof WHERE hash IN (
           SELECT hash FROM upstream_proof ORDER BY seen_at DESC, hash LIMIT -1 OFFSET ?)`,
      )
      .run(PROOFS_LIMIT);
  }
}
