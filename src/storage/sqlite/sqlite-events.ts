import { AUDIT_KEPT, AUDIT_KEPT_MS } from "../audit.ts";
import { type EventTold, happeningOf } from "../event-told.ts";
import { EVENTS_KEPT, EVENTS_KEPT_MS, type EventStore, type NewEvent, type StoreEvent } from "../events.ts";
import { Subscribers } from "../subscribers.ts";
import { IDS_A_MS, NEXT_ID } from "./happening-ids.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteDeliveries } from "./sqlite-deliveries.ts";

/** The old ones are taken away once in so many. */
const TRIM_EVERY = 100;

const COLUMNS = `id, at AS atMs, kind, repository, tag, digest, media_type AS mediaType, size AS sizeBytes, who,
  source AS "from", request_id AS requestId`;

type Values = [number, string, string | null, string | null, string | null, string | null, number | null];
type Cause = [string | null, string | null, string | null];

/** Events in SQLite. */
export class SqliteEvents implements EventStore {
  readonly #database: SqliteDatabase;
  readonly #subscribers = new Subscribers<[StoreEvent]>();
  readonly #deliveries: SqliteDeliveries;
  #untilTrim = 0;

  constructor(database: SqliteDatabase, deliveries: SqliteDeliveries) {
    this.#database = database;
    this.#deliveries = deliveries;
  }

  /** To be called within the transaction that changes what the event tells of. `told` is for those who plan deliveries. */
  add(event: NewEvent, told: EventTold = {}): void {
    this.#deliveries.note(() => happeningOf(event, told));
    const { atMs, kind, repository, tag, digest, mediaType, sizeBytes, who, from, requestId } = event;
    const inserted = this.#database
      .query<{ id: number }, [...Values, ...Cause]>(
        `INSERT INTO event (id, at, kind, repository, tag, digest, media_type, size, who, source, request_id)
         VALUES (${NEXT_ID}, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
         RETURNING id`,
      )
      .get(atMs, kind, repository, tag, digest, mediaType, sizeBytes, who, from, requestId);
    this.#untilTrim -= 1;
    if (this.#untilTrim < 0) this.#trim(atMs);
    const stored = { ...event, id: inserted?.id ?? 0 };
    this.#database.otherwise(() =>
      this.#database.query<null, [number]>("DELETE FROM event WHERE id = ?").run(stored.id),
    );
    this.#database.afterwards(() => this.#subscribers.tell(stored));
  }

  /** Does anybody plan deliveries? */
  get isPlanned(): boolean {
    return this.#deliveries.isPlanned;
  }

  async listAfter(id: number, limit: number): Promise<readonly StoreEvent[]> {
    const sql = `SELECT ${COLUMNS} FROM event WHERE id > ? ORDER BY id LIMIT ?`;
    return this.#database.query<StoreEvent, [number, number]>(sql).all(id, limit);
  }

  async listBefore(id: number | null, limit: number): Promise<readonly StoreEvent[]> {
    const sql = `SELECT ${COLUMNS} FROM event WHERE id < ? ORDER BY id DESC LIMIT ?`;
    return this.#database.query<StoreEvent, [number, number]>(sql).all(id ?? Number.MAX_SAFE_INTEGER, limit);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    return this.#subscribers.add(listener);
  }

  async append(event: NewEvent): Promise<void> {
    this.#database.transact(() => this.add(event));
  }

  #trim(atMs: number): void {
    this.#untilTrim = TRIM_EVERY;
    this.#trimThose("kind IN ('pushed', 'removed')", atMs - AUDIT_KEPT_MS, AUDIT_KEPT);
    this.#trimThose("kind NOT IN ('pushed', 'removed')", atMs - EVENTS_KEPT_MS, EVENTS_KEPT);
  }

  #trimThose(condition: string, sinceMs: number, kept: number): void {
    this.#database
      .query<null, [number, number]>(
        `DELETE FROM event WHERE ${condition} AND (id < ?1
           OR id <= (SELECT id FROM event WHERE ${condition} ORDER BY id DESC LIMIT 1 OFFSET ?2))`,
      )
      .run(sinceMs * IDS_A_MS, kept);
  }
}
