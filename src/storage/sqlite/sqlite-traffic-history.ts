import { type NamespaceTraffic, OTHER_NAMESPACES } from "../statistics.ts";
import {
  beginningOf,
  HISTORY_NAMESPACES,
  HISTORY_STEPS,
  type HistoryStep,
  type PastTraffic,
  timesToGiveUp,
} from "../traffic-history.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** When what was answered, in SQLite. */
export class SqliteTrafficHistory {
  readonly #database: SqliteDatabase;
  /** By step, the time that was written to last. */
  readonly #last = new Map<number, number>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** To be called within a transaction. */
  add(added: readonly NamespaceTraffic[], nowMs: number): void {
    for (const step of HISTORY_STEPS) {
      const at = beginningOf(nowMs, step.stepMs);
      for (const traffic of added) this.#add(step.stepMs, at, traffic);
      if (this.#last.get(step.stepMs) !== at) this.#giveUp(step, nowMs);
      this.#last.set(step.stepMs, at);
    }
  }

  /** As `TrafficHistory.history`. */
  list(stepMs: number, fromMs: number, toMs: number): readonly PastTraffic[] {
    const sql = `SELECT at AS atMs, namespace, hits, misses, stale, bytes_from_disk AS bytesFromDisk,
      bytes_from_upstream AS bytesFromUpstream FROM traffic_history
      WHERE step = ? AND at >= ? AND at < ? ORDER BY at, namespace`;
    return this.#database.query<PastTraffic, [number, number, number]>(sql).all(stepMs, fromMs, toMs);
  }

  #add(stepMs: number, at: number, traffic: NamespaceTraffic): void {
    const { hits, misses, stale, bytesFromDisk, bytesFromUpstream } = traffic;
    this.#database
      .query<null, [number, number, string, number, number, number, number, number]>(
        `INSERT INTO traffic_history (step, at, namespace, hits, misses, stale, bytes_from_disk, bytes_from_upstream)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           hits = hits + excluded.hits, misses = misses + excluded.misses, stale = stale + excluded.stale,
           bytes_from_disk = bytes_from_disk + excluded.bytes_from_disk,
           bytes_from_upstream = bytes_from_upstream + excluded.bytes_from_upstream`,
      )
      .run(stepMs, at, this.#rowOf(stepMs, at, traffic), hits, misses, stale, bytesFromDisk, bytesFromUpstream);
  }

  #rowOf(stepMs: number, at: number, { namespace }: NamespaceTraffic): string {
    const own = this.#database
      .query<{ n: number; known: number }, [string, number, number, string]>(
        `SELECT count(*) AS n, coalesce(max(namespace = ?1), 0) AS known FROM traffic_history
         WHERE step = ?2 AND at = ?3 AND namespace <> ?4`,
      )
      .get(namespace, stepMs, at, OTHER_NAMESPACES);
    return own === null || own.known === 1 || own.n < HISTORY_NAMESPACES ? namespace : OTHER_NAMESPACES;
  }

  #giveUp(step: HistoryStep, nowMs: number): void {
    const times = this.#database
      .query<{ at: number }, [number]>("SELECT DISTINCT at FROM traffic_history WHERE step = ?")
      .all(step.stepMs)
      .map(({ at }) => at);
    for (const at of timesToGiveUp(times, nowMs, step)) {
      this.#database
        .query<null, [number, number]>("DELETE FROM traffic_history WHERE step = ? AND at = ?")
        .run(step.stepMs, at);
    }
  }
}
