import {
  type Delivery,
  type DeliveryPlanner,
  type DeliveryStore,
  type Happening,
  type NewDelivery,
  QUEUE_LIMITS,
  type QueueLimits,
  type QueueTally,
} from "../deliveries.ts";
import { Subscribers } from "../subscribers.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

const COLUMNS = "id, endpoint, record, at AS atMs, attempts, given_up_at AS givenUpAtMs, failure";
/** Rows that one transaction changes, in a few milliseconds. */
const SLICE = 2000;

/** Deliveries in SQLite. */
export class SqliteDeliveries implements DeliveryStore {
  readonly #database: SqliteDatabase;
  readonly #limits: QueueLimits;
  readonly #subscribers = new Subscribers<[string]>();
  /** Written, and not known to be durable. */
  readonly #unconfirmed = new Set<number>();
  #planner: DeliveryPlanner | null = null;

  constructor(database: SqliteDatabase, limits: QueueLimits = QUEUE_LIMITS) {
    this.#database = database;
    this.#limits = limits;
  }

  /** Is there a planner? Without one nothing need be found out for it. */
  get isPlanned(): boolean {
    return this.#planner !== null;
  }

  /** To be called within the transaction that changes what `tell` tells of. */
  note(tell: () => Happening): void {
    if (this.#planner === null) return;
    for (const delivery of this.#planner(tell())) this.#insert(delivery);
  }

  plan(planner: DeliveryPlanner | null): void {
    this.#planner = planner;
  }

  async add(deliveries: readonly NewDelivery[]): Promise<void> {
    this.#database.lightly(() => deliveries.forEach((delivery) => this.#insert(delivery)));
  }

  async next(endpoint: string): Promise<Delivery | null> {
    const sql = `SELECT ${COLUMNS} FROM delivery WHERE endpoint = ? AND given_up_at IS NULL ORDER BY id LIMIT 1`;
    const found = this.#database.query<Delivery, [string]>(sql).get(endpoint);
    return found === null || this.#unconfirmed.has(found.id) ? null : found;
  }

  async done(id: number): Promise<void> {
    this.#database.transact(() => this.#delete(id));
  }

  async failed(id: number): Promise<void> {
    const sql = "UPDATE delivery SET attempts = attempts + 1 WHERE id = ?";
    this.#database.transact(() => void this.#database.query<null, [number]>(sql).run(id));
  }

  async giveUp(id: number, failure: string, atMs: number): Promise<void> {
    this.#database.transact(() => {
      const given = this.#database
        .query<{ endpoint: string }, [number, string, number]>(
          "UPDATE delivery SET given_up_at = ?1, failure = ?2 WHERE id = ?3 RETURNING endpoint",
        )
        .get(atMs, failure, id);
      if (given === null) return;
      this.#database
        .query<null, [string, number]>(
          `DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE endpoint = ? AND given_up_at IS NOT NULL
             ORDER BY given_up_at DESC, id DESC LIMIT -1 OFFSET ?)`,
        )
        .run(given.endpoint, this.#limits.givenUp);
    });
  }

  onQueued(listener: (endpoint: string) => void): void {
    this.#subscribers.add(listener);
  }

  async tallies(): Promise<readonly QueueTally[]> {
    const sql = `SELECT endpoint, waiting, waiting_bytes AS waitingBytes, given_up AS givenUp, dropped
      FROM delivery_tally ORDER BY endpoint`;
    return this.#database.query<QueueTally, []>(sql).all();
  }

  async listGivenUp(endpoint: string | null, before: number | null, limit: number): Promise<readonly Delivery[]> {
    const sql = `SELECT ${COLUMNS} FROM delivery WHERE given_up_at IS NOT NULL AND (?1 IS NULL OR endpoint = ?1) AND id < ?2
      ORDER BY id DESC LIMIT ?3`;
    const first = before ?? Number.MAX_SAFE_INTEGER;
    return this.#database.query<Delivery, [string | null, number, number]>(sql).all(endpoint, first, limit);
  }

  async getGivenUp(id: number): Promise<Delivery | null> {
    const sql = `SELECT ${COLUMNS} FROM delivery WHERE id = ? AND given_up_at IS NOT NULL`;
    return this.#database.query<Delivery, [number]>(sql).get(id);
  }

  async retry(endpoint: string | null, id: number | null = null): Promise<number> {
    const sql = `UPDATE delivery SET given_up_at = NULL, failure = NULL, attempts = 0
      WHERE id IN (SELECT id FROM delivery WHERE given_up_at IS NOT NULL AND (?1 IS NULL OR endpoint = ?1)
        AND (?2 IS NULL OR id = ?2) LIMIT ${SLICE})
      RETURNING endpoint`;
    const retried = await this.#inSlices(() =>
      this.#database.query<{ endpoint: string }, [string | null, number | null]>(sql).all(endpoint, id),
    );
    for (const one of new Set(retried.map((row) => row.endpoint))) this.#subscribers.tell(one);
    return retried.length;
  }

  async drop(endpoint: string | null, what: "given-up" | "all", id: number | null = null): Promise<number> {
    const which = what === "all" && id === null ? "" : "given_up_at IS NOT NULL AND";
    const sql = `DELETE FROM delivery
      WHERE id IN (SELECT id FROM delivery WHERE ${which} (?1 IS NULL OR endpoint = ?1) AND (?2 IS NULL OR id = ?2)
        LIMIT ${SLICE}) RETURNING id`;
    const dropped = await this.#inSlices(() =>
      this.#database.query<{ id: number }, [string | null, number | null]>(sql).all(endpoint, id),
    );
    return dropped.length;
  }

  async keepOnly(endpoints: readonly string[], nowMs: number, afterMs: number): Promise<readonly string[]> {
    const known = "endpoint IN (SELECT value FROM json_each(?1))";
    const gone = this.#database.transact(() => {
      this.#database
        .query<null, [string, number]>(
          `UPDATE delivery_tally SET gone_since = iif(${known}, NULL, coalesce(gone_since, ?2))
           WHERE (gone_since IS NULL) <> (${known})`,
        )
        .run(JSON.stringify(endpoints), nowMs);
      const sql = "SELECT endpoint FROM delivery_tally WHERE gone_since <= ? ORDER BY endpoint";
      return this.#database.query<{ endpoint: string }, [number]>(sql).all(nowMs - afterMs);
    });
    for (const { endpoint } of gone) {
      await this.drop(endpoint, "all");
      const sql = "DELETE FROM delivery_tally WHERE endpoint = ? AND waiting + given_up = 0";
      this.#database.transact(() => void this.#database.query<null, [string]>(sql).run(endpoint));
    }
    return gone.map(({ endpoint }) => endpoint);
  }

  #insert({ endpoint, record, atMs }: NewDelivery): void {
    const inserted = this.#database
      .query<{ id: number }, [string, string, number]>(
        "INSERT INTO delivery (endpoint, record, at) VALUES (?, ?, ?) RETURNING id",
      )
      .get(endpoint, record, atMs);
    const id = inserted?.id ?? 0;
    this.#makeRoom(endpoint);
    this.#unconfirmed.add(id);
    this.#database.otherwise(() => {
      this.#unconfirmed.delete(id);
      this.#delete(id);
    });
    this.#database.afterwards(() => {
      this.#unconfirmed.delete(id);
      this.#subscribers.tell(endpoint);
    });
  }

  #makeRoom(endpoint: string): void {
    const tally = this.#database.query<{ waiting: number; bytes: number }, [string]>(
      "SELECT waiting, waiting_bytes AS bytes FROM delivery_tally WHERE endpoint = ?",
    );
    for (let row = tally.get(endpoint); row !== null; row = tally.get(endpoint)) {
      // The one that has just come stays, whatever its size.
      const isFull = row.waiting > this.#limits.waiting || row.bytes > this.#limits.bytes;
      if (!isFull || row.waiting <= 1) return;
      this.#database
        .query<null, [string]>(
          `DELETE FROM delivery WHERE id =
             (SELECT id FROM delivery WHERE endpoint = ? AND given_up_at IS NULL ORDER BY id LIMIT 1)`,
        )
        .run(endpoint);
      const sql = "UPDATE delivery_tally SET dropped = dropped + 1 WHERE endpoint = ?";
      this.#database.query<null, [string]>(sql).run(endpoint);
    }
  }

  #delete(id: number): void {
    this.#database.query<null, [number]>("DELETE FROM delivery WHERE id = ?").run(id);
  }

  async #inSlices<Row>(change: () => readonly Row[]): Promise<readonly Row[]> {
    const all: Row[] = [];
    for (;;) {
      const rows = this.#database.transact(change);
      all.push(...rows);
      if (rows.length < SLICE) return all;
      await Bun.sleep(0);
    }
  }
}
