import { formatSetting, type JsonValue, type SettingListener, type SettingsStore } from "../settings.ts";
import { rememberRow } from "./remember-row.ts";
import { Subscribers } from "../subscribers.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Settings in SQLite. Nobody else has the database, so all changes are made here. */
export class SqliteSettings implements SettingsStore {
  readonly #database: SqliteDatabase;
  readonly #subscribers = new Subscribers<[string, JsonValue]>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async get(key: string): Promise<JsonValue> {
    const sql = "SELECT value FROM setting WHERE key = ?";
    const row = this.#database.query<{ value: string }, [string]>(sql).get(key);
    return row === null ? null : JSON.parse(row.value);
  }

  async set(key: string, value: JsonValue): Promise<void> {
    const text = value === null ? null : formatSetting(key, value);
    await this.#database.durably(() => {
      rememberRow(this.#database, "setting", [key]);
      this.#database.afterwards(() => this.#subscribers.tell(key, value));
      if (text === null) this.#database.query<null, [string]>("DELETE FROM setting WHERE key = ?").run(key);
      else this.#upsert(key, text);
    });
  }

  subscribe(listener: SettingListener): () => void {
    return this.#subscribers.add(listener);
  }

  #upsert(key: string, text: string): void {
    const sql = "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value";
    this.#database.query<null, [string, string]>(sql).run(key, text);
  }
}
