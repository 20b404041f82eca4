import { type PutOutcome, type StoredUser, USERS_LIMIT, type UserPut, type UserStore } from "../accounts.ts";
import type { NewAuditEntry } from "../audit.ts";
import type { Page } from "../page.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteAudit } from "./sqlite-audit.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = Omit<StoredUser, "grants"> & { readonly grants: string | null };

const COLUMNS = "name, password_hash AS passwordHash, grants, created_at AS createdAtMs, last_used_at AS lastUsedAtMs";

/** Users in SQLite. */
export class SqliteUsers implements UserStore {
  readonly #database: SqliteDatabase;
  readonly #audit: SqliteAudit;
  readonly #changed: (name: string) => void;

  /** `changed` is called within the transaction that changes a user. */
  constructor(database: SqliteDatabase, audit: SqliteAudit, changed: (name: string) => void) {
    this.#database = database;
    this.#audit = audit;
    this.#changed = changed;
  }

  async get(name: string): Promise<StoredUser | null> {
    const sql = `SELECT ${COLUMNS} FROM account_user WHERE name = ?`;
    const row = this.#database.query<Row, [string]>(sql).get(name);
    return row === null ? null : toUser(row);
  }

  async list({ after, limit }: Page): Promise<readonly StoredUser[]> {
    const sql = `SELECT ${COLUMNS} FROM account_user WHERE name > ? ORDER BY name LIMIT ?`;
    return this.#database
      .query<Row, [string, number]>(sql)
      .all(after ?? "", limit)
      .map(toUser);
  }

  put({ name, passwordHash, grants, expect }: UserPut, audit: NewAuditEntry): Promise<PutOutcome> {
    return this.#database.durably(() => {
      const isThere = this.#database.query("SELECT 1 FROM account_user WHERE name = ?").get(name) !== null;
      if (expect !== null && (expect === "present") !== isThere) return "unexpected";
      if (passwordHash === null && !isThere) return "unexpected";
      if (!isThere && this.count() >= USERS_LIMIT) return "full";
      rememberRow(this.#database, "account_user", [name]);
      const change = grants === undefined ? "" : ", grants = excluded.grants";
      this.#database
        .query<null, [string, string | null, string | null, number]>(
          `INSERT INTO account_user (name, password_hash, grants, created_at)
           VALUES (?1, coalesce(?2, (SELECT password_hash FROM account_user WHERE name = ?1)), ?3, ?4)
           ON CONFLICT DO UPDATE SET password_hash = excluded.password_hash${change}`,
        )
        .run(name, passwordHash, grants == null ? null : JSON.stringify(grants), audit.atMs);
      this.#audit.add({ ...audit, action: isThere ? "user-changed" : "user-added" });
      this.#changed(name);
      return isThere ? "changed" : "added";
    });
  }

  delete(name: string, audit: NewAuditEntry): Promise<boolean> {
    return this.#database.durably(() => {
      rememberRow(this.#database, "account_user", [name]);
      const { changes } = this.#database.query<null, [string]>("DELETE FROM account_user WHERE name = ?").run(name);
      if (changes === 0) return false;
      this.#audit.add(audit);
      this.#changed(name);
      return true;
    });
  }

  count(): number {
    return this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM account_user").get()?.n ?? 0;
  }

  /** To be called within a transaction. */
  noteUse(name: string, atMs: number): void {
    const sql = "UPDATE account_user SET last_used_at = ?2 WHERE name = ?1 AND coalesce(last_used_at, 0) < ?2";
    this.#database.query<null, [string, number]>(sql).run(name, atMs);
  }
}

/** What is in the database was checked on its way in. */
function toUser({ grants, ...row }: Row): StoredUser {
  return { ...row, grants: grants === null ? null : (JSON.parse(grants) as string[]) };
}
