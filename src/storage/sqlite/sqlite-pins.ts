import { type PinListener, PINS_LIMIT, type PinStore, type StoredPin } from "../pins.ts";
import { tooManyPins } from "../pins-limit.ts";
import { Subscribers } from "../subscribers.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** Pins in SQLite. Nobody else has the database, so all changes are made here. */
export class SqlitePins implements PinStore {
  readonly #database: SqliteDatabase;
  readonly #subscribers = new Subscribers<[]>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  add({ text, addedAtMs, who }: StoredPin): Promise<boolean> {
    return this.#database.durably(() => {
      const known = this.#database.query<unknown, [string]>("SELECT 1 FROM pin WHERE text = ?").get(text);
      if (known !== null) return false;
      const count = this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM pin").get()?.n ?? 0;
      if (count >= PINS_LIMIT) throw tooManyPins();
      this.#change(text);
      this.#database
        .query<null, [string, number, string | null]>("INSERT INTO pin (text, added_at, who) VALUES (?, ?, ?)")
        .run(text, addedAtMs, who);
      return true;
    });
  }

  remove(text: string): Promise<boolean> {
    return this.#database.freeing(() => {
      this.#change(text);
      return this.#database.query<null, [string]>("DELETE FROM pin WHERE text = ?").run(text).changes > 0;
    });
  }

  async list(): Promise<readonly StoredPin[]> {
    return this.#database.query<StoredPin, []>("SELECT text, added_at AS addedAtMs, who FROM pin ORDER BY text").all();
  }

  subscribe(listener: PinListener): () => void {
    return this.#subscribers.add(listener);
  }

  #change(text: string): void {
    rememberRow(this.#database, "pin", [text]);
    this.#database.afterwards(() => this.#subscribers.tell());
  }
}
