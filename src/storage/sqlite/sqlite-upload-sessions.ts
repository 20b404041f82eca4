import type { RepositoryName } from "../../oci/repository-name.ts";
import type { UploadSession, UploadSessionStore } from "../metadata.ts";
import type { Page } from "../page.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/**
 * Upload sessions in SQLite. They survive the end of the process; they are not synced, for a session that a power cut
 * takes has acknowledged nothing but itself, and its client begins anew.
 */
export class SqliteUploadSessions implements UploadSessionStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async createSession(session: UploadSession): Promise<void> {
    this.#database.transact(() =>
      this.#database
        .query<null, [string, string, number]>(
          "INSERT INTO upload_session (id, repository, started_at) VALUES (?, ?, ?)",
        )
        .run(session.id, session.repository, session.startedAtMs),
    );
  }

  async getSession(id: string): Promise<UploadSession | null> {
    const row = this.#database
      .query<{ id: string; repository: string; started_at: number }, [string]>(
        "SELECT id, repository, started_at FROM upload_session WHERE id = ?",
      )
      .get(id);
    return row && { id: row.id, repository: row.repository as RepositoryName, startedAtMs: row.started_at };
  }

  async deleteSession(id: string): Promise<boolean> {
    const sql = "DELETE FROM upload_session WHERE id = ?";
    return this.#database.transact(() => this.#database.query<null, [string]>(sql).run(id).changes > 0);
  }

  async listSessions(beforeMs: number, page: Page): Promise<readonly string[]> {
    return this.#database
      .query<{ id: string }, [string, number, number]>(
        "SELECT id FROM upload_session WHERE id > ? AND started_at < ? ORDER BY id LIMIT ?",
      )
      .all(page.after ?? "", beforeMs, page.limit)
      .map((row) => row.id);
  }
}
