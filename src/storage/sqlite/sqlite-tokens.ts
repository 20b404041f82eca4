import { ENDED_TOKENS_KEPT_MS, type StoredToken, TOKENS_LIMIT, type TokenStore } from "../accounts.ts";
import type { NewAuditEntry } from "../audit.ts";
import type { Page } from "../page.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteAudit } from "./sqlite-audit.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = Omit<StoredToken, "grants"> & { readonly grants: string };

const COLUMNS = `id, name, secret_hash AS secretHash, grants, created_at AS createdAtMs, expires_at AS expiresAtMs,
  last_used_at AS lastUsedAtMs, revoked_at AS revokedAtMs`;
/** So many of those that ended are forgotten at a time. */
const FORGOTTEN_AT_ONCE = 1000;

/** Tokens in SQLite. */
export class SqliteTokens implements TokenStore {
  readonly #database: SqliteDatabase;
  readonly #audit: SqliteAudit;
  readonly #changed: (id: string) => void;

  /** `changed` is called within the transaction that changes a token. */
  constructor(database: SqliteDatabase, audit: SqliteAudit, changed: (id: string) => void) {
    this.#database = database;
    this.#audit = audit;
    this.#changed = changed;
  }

  async find(secretHash: string): Promise<StoredToken | null> {
    return this.#one("secret_hash = ?", secretHash);
  }

  async named(name: string): Promise<StoredToken | null> {
    return this.#one("name = ? AND revoked_at IS NULL", name);
  }

  async list({ after, limit }: Page): Promise<readonly StoredToken[]> {
    const sql = `SELECT ${COLUMNS} FROM account_token WHERE id > ? ORDER BY id LIMIT ?`;
    return this.#database
      .query<Row, [string, number]>(sql)
      .all(after ?? "", limit)
      .map(toToken);
  }

  add(
    token: Omit<StoredToken, "lastUsedAtMs" | "revokedAtMs">,
    audit: NewAuditEntry,
  ): Promise<"added" | "taken" | "full"> {
    return this.#database.durably(() => {
      const before = this.#one("name = ? AND revoked_at IS NULL", token.name);
      const isOver = before?.expiresAtMs != null && before.expiresAtMs <= token.createdAtMs;
      if (before !== null && !isOver) return "taken";
      this.#forgetEnded(token.createdAtMs - ENDED_TOKENS_KEPT_MS);
      if (this.#countAll() >= TOKENS_LIMIT) this.#forgetEnded(token.createdAtMs);
      if (this.#countAll() >= TOKENS_LIMIT) return "full";
      if (before !== null) this.#revoke(before, token.createdAtMs);
      this.#insert(token);
      this.#audit.add(audit);
      this.#changed(token.id);
      return "added";
    });
  }

  revoke(idOrName: string, audit: NewAuditEntry): Promise<StoredToken | null> {
    return this.#database.durably(() => {
      const token = this.#one("id = ?", idOrName) ?? this.#one("name = ? AND revoked_at IS NULL", idOrName);
      if (token === null || token.revokedAtMs !== null) return null;
      this.#revoke(token, audit.atMs);
      this.#audit.add({ ...audit, subject: token.name });
      this.#changed(token.id);
      return { ...token, revokedAtMs: audit.atMs };
    });
  }

  /** Those that were not revoked. */
  count(): number {
    const sql = "SELECT count(*) AS n FROM account_token WHERE revoked_at IS NULL";
    return this.#database.query<{ n: number }, []>(sql).get()?.n ?? 0;
  }

  /** To be called within a transaction. */
  noteUse(id: string, atMs: number): void {
    const sql = "UPDATE account_token SET last_used_at = ?2 WHERE id = ?1 AND coalesce(last_used_at, 0) < ?2";
    this.#database.query<null, [string, number]>(sql).run(id, atMs);
  }

  #one(condition: string, key: string): StoredToken | null {
    const row = this.#database.query<Row, [string]>(`SELECT ${COLUMNS} FROM account_token WHERE ${condition}`).get(key);
    return row === null ? null : toToken(row);
  }

  #insert({ id, name, secretHash, grants, createdAtMs, expiresAtMs }: Parameters<TokenStore["add"]>[0]): void {
    rememberRow(this.#database, "account_token", [id]);
    this.#database
      .query<null, [string, string, string, string, number, number | null]>(
        `INSERT INTO account_token (id, name, secret_hash, grants, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?)`,
      )
      .run(id, name, secretHash, JSON.stringify(grants), createdAtMs, expiresAtMs);
  }

  #revoke({ id }: StoredToken, atMs: number): void {
    rememberRow(this.#database, "account_token", [id]);
    const sql = "UPDATE account_token SET revoked_at = ? WHERE id = ?";
    this.#database.query<null, [number, string]>(sql).run(atMs, id);
  }

  #countAll(): number {
    return this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM account_token").get()?.n ?? 0;
  }

  /** What ended before that is of no use to anybody but who reads of it; should this be taken back, nobody misses it. */
  #forgetEnded(beforeMs: number): void {
    this.#database
      .query<null, [number]>(
        `DELETE FROM account_token WHERE id IN (SELECT id FROM account_token
           WHERE min(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < ?
           LIMIT ${FORGOTTEN_AT_ONCE})`,
      )
      .run(beforeMs);
  }
}

/** What is in the database was checked on its way in. */
function toToken({ grants, ...row }: Row): StoredToken {
  return { ...row, grants: JSON.parse(grants) as string[] };
}
