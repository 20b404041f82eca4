import type { Turns } from "../../lib/async/turns.ts";
import {
  AUDIT_KEPT,
  AUDIT_KEPT_MS,
  type AuditEntry,
  type AuditQuery,
  type AuditStore,
  boundedEntry,
  isNarrow,
  isWanted,
  type NewAuditEntry,
} from "../audit.ts";
import { Subscribers } from "../subscribers.ts";
import { IDS_A_MS, NEXT_ID } from "./happening-ids.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** The old ones are taken away once in so many. */
const TRIM_EVERY = 100;

const ENTRIES = `SELECT id, at AS atMs, action, subject, detail, who, source AS "from", request_id AS requestId FROM audit`;
const EVENTS = `SELECT id, at AS atMs, 'image-' || kind AS action,
  repository || coalesce(':' || tag, '@' || digest, '') AS subject, digest AS detail,
  who, source AS "from", request_id AS requestId FROM event`;
const WANTED = "id < ?1 AND id >= ?2";
/** So many are looked at in one step when some are looked for. */
const STEP = 200;

/** The audit log in SQLite. */
export class SqliteAudit implements AuditStore {
  readonly #database: SqliteDatabase;
  readonly #turns: Turns;
  readonly #subscribers = new Subscribers<[]>();
  #untilTrim = 0;

  constructor(database: SqliteDatabase, turns: Turns) {
    this.#database = database;
    this.#turns = turns;
  }

  /** To be called within the transaction that changes what the entry tells of. */
  add(entry: NewAuditEntry): void {
    const { atMs, action, subject, detail, who, from, requestId } = boundedEntry(entry);
    const inserted = this.#database
      .query<{ id: number }, [number, string, ...(string | null)[]]>(
        `INSERT INTO audit (id, at, action, subject, detail, who, source, request_id)
         VALUES (${NEXT_ID}, ?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id`,
      )
      .get(atMs, action, subject, detail, who, from, requestId);
    this.#untilTrim -= 1;
    if (this.#untilTrim < 0) this.#trim(atMs);
    const id = inserted?.id ?? 0;
    this.#database.otherwise(() => this.#database.query<null, [number]>("DELETE FROM audit WHERE id = ?").run(id));
    this.#database.afterwards(() => this.#subscribers.tell());
  }

  subscribe(listener: () => void): () => void {
    return this.#subscribers.add(listener);
  }

  async append(entry: NewAuditEntry): Promise<void> {
    this.#database.transact(() => this.add(entry));
  }

  async list(query: AuditQuery, signal?: AbortSignal): Promise<readonly AuditEntry[]> {
    const { sinceMs, limit } = query;
    if (!isNarrow(query)) return this.#page(query.before, sinceMs, limit);
    const work = this.#turns.begin(signal);
    const found: AuditEntry[] = [];
    for (let { before } = query; found.length < limit; ) {
      const step = this.#page(before, sinceMs, STEP);
      found.push(...step.filter((entry) => isWanted(entry, query)));
      const last = step.at(-1);
      if (last === undefined || step.length < STEP) break;
      before = last.id;
      await work.rest();
    }
    return found.slice(0, limit);
  }

  #page(before: number | null, sinceMs: number, limit: number): readonly AuditEntry[] {
    const sql = `SELECT * FROM (${ENTRIES} WHERE ${WANTED} ORDER BY id DESC LIMIT ?3)
      UNION ALL SELECT * FROM (${EVENTS} WHERE kind IN ('pushed', 'removed') AND ${WANTED} ORDER BY id DESC LIMIT ?3)
      ORDER BY id DESC LIMIT ?3`;
    return this.#database
      .query<AuditEntry, [number, number, number]>(sql)
      .all(before ?? Number.MAX_SAFE_INTEGER, sinceMs * IDS_A_MS, limit);
  }

  #trim(atMs: number): void {
    this.#untilTrim = TRIM_EVERY;
    this.#database
      .query<null, [number, number]>(
        "DELETE FROM audit WHERE id < ?1 OR id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?2)",
      )
      .run((atMs - AUDIT_KEPT_MS) * IDS_A_MS, AUDIT_KEPT);
  }
}
