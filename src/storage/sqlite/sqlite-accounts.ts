import type { AccountChange, AccountStore, AccountTotals, AccountUse } from "../accounts.ts";
import { Subscribers } from "../subscribers.ts";
import type { SqliteAudit } from "./sqlite-audit.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteTokens } from "./sqlite-tokens.ts";
import { SqliteUsers } from "./sqlite-users.ts";

/** Users and tokens in SQLite. Nobody else has the database, so all changes are made here. */
export class SqliteAccounts implements AccountStore {
  readonly users: SqliteUsers;
  readonly tokens: SqliteTokens;
  readonly #database: SqliteDatabase;
  readonly #subscribers = new Subscribers<[AccountChange]>();

  constructor(database: SqliteDatabase, audit: SqliteAudit) {
    this.#database = database;
    const changed = (kind: AccountChange["kind"]) => (key: string) =>
      database.afterwards(() => this.#subscribers.tell({ kind, key, totals: this.#totals() }));
    this.users = new SqliteUsers(database, audit, changed("user"));
    this.tokens = new SqliteTokens(database, audit, changed("token"));
  }

  async totals(): Promise<AccountTotals> {
    return this.#totals();
  }

  async noteUse(uses: readonly AccountUse[]): Promise<void> {
    this.#database.lightly(() => {
      for (const { kind, key, atMs } of uses) (kind === "user" ? this.users : this.tokens).noteUse(key, atMs);
    });
  }

  subscribe(listener: (change: AccountChange) => void): () => void {
    return this.#subscribers.add(listener);
  }

  #totals(): AccountTotals {
    return { users: this.users.count(), tokens: this.tokens.count() };
  }
}
