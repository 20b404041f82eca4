import type { NewAuditEntry } from "../audit.ts";
import {
  PAGE_SESSIONS_LIMIT,
  type PageSessionQuery,
  type PageSessionStore,
  type PageSessionUse,
  type StoredPageSession,
} from "../page-sessions.ts";
import { Subscribers } from "../subscribers.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteAudit } from "./sqlite-audit.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

const COLUMNS = `id, secret_hash AS secretHash, name, who, created_at AS createdAtMs, used_at AS usedAtMs,
  expires_at AS expiresAtMs, source AS "from", user_agent AS userAgent`;

/** Page sessions in SQLite. */
export class SqlitePageSessions implements PageSessionStore {
  readonly #database: SqliteDatabase;
  readonly #audit: SqliteAudit;
  readonly #subscribers = new Subscribers<[readonly string[]]>();

  constructor(database: SqliteDatabase, audit: SqliteAudit) {
    this.#database = database;
    this.#audit = audit;
  }

  async find(secretHash: string): Promise<StoredPageSession | null> {
    const sql = `SELECT ${COLUMNS} FROM page_session WHERE secret_hash = ?`;
    return this.#database.query<StoredPageSession, [string]>(sql).get(secretHash);
  }

  async get(id: string): Promise<StoredPageSession | null> {
    return this.#get(id);
  }

  async list({ name, before, limit }: PageSessionQuery): Promise<readonly StoredPageSession[]> {
    const isMeant = name === null ? "" : "name = ?3 AND";
    const sql = `SELECT ${COLUMNS} FROM page_session WHERE ${isMeant} (?1 IS NULL OR id < ?1) ORDER BY id DESC LIMIT ?2`;
    const values = name === null ? ([before, limit] as const) : ([before, limit, name] as const);
    return this.#database.query<StoredPageSession, (string | number | null)[]>(sql).all(...values);
  }

  add(session: StoredPageSession, audit: NewAuditEntry): Promise<void> {
    return this.#database.durably(() => {
      this.#makeRoom(session.name);
      const { id, secretHash, name, who, createdAtMs, usedAtMs, expiresAtMs, from, userAgent } = session;
      rememberRow(this.#database, "page_session", [id]);
      this.#database
        .query<null, (string | number | null)[]>("INSERT INTO page_session VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        .run(id, secretHash, name, who, createdAtMs, usedAtMs, expiresAtMs, from, userAgent);
      this.#audit.add(audit);
    });
  }

  async noteUse(uses: readonly PageSessionUse[]): Promise<void> {
    const sql = "UPDATE page_session SET used_at = ?2 WHERE id = ?1 AND used_at < ?2";
    this.#database.lightly(() => {
      for (const { id, atMs } of uses) this.#database.query<null, [string, number]>(sql).run(id, atMs);
    });
  }

  remove(id: string, audit: NewAuditEntry): Promise<StoredPageSession | null> {
    return this.#database.durably(() => {
      const session = this.#get(id);
      if (session === null) return null;
      rememberRow(this.#database, "page_session", [id]);
      this.#take([id]);
      this.#audit.add(audit);
      return session;
    });
  }

  async sweep(nowMs: number, usedBeforeMs: number): Promise<number> {
    const sql = "SELECT id FROM page_session WHERE expires_at <= ? OR used_at < ?";
    const over = this.#database.query<{ id: string }, [number, number]>(sql).all(nowMs, usedBeforeMs);
    // Most of the time there is nothing to be written.
    if (over.length > 0) this.#database.lightly(() => this.#take(over.map(({ id }) => id)));
    return over.length;
  }

  subscribe(listener: (ids: readonly string[]) => void): () => void {
    return this.#subscribers.add(listener);
  }

  #get(id: string): StoredPageSession | null {
    const sql = `SELECT ${COLUMNS} FROM page_session WHERE id = ?`;
    return this.#database.query<StoredPageSession, [string]>(sql).get(id);
  }

  /** Those that make way are gone for good, should the new one not become durable: their owners sign in again. */
  #makeRoom(name: string): void {
    const { each, all } = PAGE_SESSIONS_LIMIT;
    const mine = "SELECT id FROM page_session WHERE name = ?2 ORDER BY used_at DESC, id DESC LIMIT -1 OFFSET ?1";
    const others = "SELECT id FROM page_session ORDER BY used_at DESC, id DESC LIMIT -1 OFFSET ?1";
    const tooMany = [
      ...this.#database.query<{ id: string }, [number, string]>(mine).all(each - 1, name),
      ...this.#database.query<{ id: string }, [number]>(others).all(all - 1),
    ];
    this.#take([...new Set(tooMany.map(({ id }) => id))]);
  }

  /** To be called within a transaction. */
  #take(ids: readonly string[]): void {
    if (ids.length === 0) return;
    for (const id of ids) this.#database.query<null, [string]>("DELETE FROM page_session WHERE id = ?").run(id);
    this.#database.afterwards(() => this.#subscribers.tell(ids));
  }
}
