import type { Namespace } from "../../oci/repository-name.ts";
import {
  type NamespaceTraffic,
  OTHER_NAMESPACES,
  type StatisticsStore,
  type StoreTotals,
  TRAFFIC_NAMESPACES,
} from "../statistics.ts";
import type { PastTraffic, TrafficHistory } from "../traffic-history.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteTrafficHistory } from "./sqlite-traffic-history.ts";

/** Figures of a store in SQLite; its schema counts what there is (`0006-statistics.sql.ts`). */
export class SqliteStatistics implements StatisticsStore, TrafficHistory {
  readonly #database: SqliteDatabase;
  readonly #history: SqliteTrafficHistory;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#history = new SqliteTrafficHistory(database);
  }

  async totals(): Promise<StoreTotals> {
    const sql = `SELECT blobs, blob_bytes AS blobBytes, manifests, repositories, pushed_tags AS pushedTags,
      cached_tags AS cachedTags, uploads FROM total`;
    const totals = this.#database.query<StoreTotals, []>(sql).get();
    if (totals === null) throw new Error("larder.db has lost its totals");
    return totals;
  }

  async traffic() {
    const since = this.#database.query<{ at: number }, []>("SELECT at FROM traffic_since").get();
    const sql = `SELECT namespace, hits, misses, stale, bytes_from_disk AS bytesFromDisk,
      bytes_from_upstream AS bytesFromUpstream FROM traffic ORDER BY namespace`;
    return { sinceMs: since?.at ?? 0, namespaces: this.#database.query<NamespaceTraffic, []>(sql).all() };
  }

  async history(stepMs: number, fromMs: number, toMs: number): Promise<readonly PastTraffic[]> {
    return this.#history.list(stepMs, fromMs, toMs);
  }

  async addTraffic(added: readonly NamespaceTraffic[], atMs: number): Promise<void> {
    this.#database.lightly(() => {
      this.#history.add(added, atMs);
      for (const traffic of added) this.#add(this.#rowOf(traffic.namespace), traffic);
    });
  }

  #rowOf(namespace: Namespace): Namespace {
    const known = this.#database.query<unknown, [string]>("SELECT 1 FROM traffic WHERE namespace = ?").get(namespace);
    if (known !== null) return namespace;
    const rows = this.#database
      .query<{ n: number }, [string]>("SELECT count(*) AS n FROM traffic WHERE namespace <> ?")
      .get(OTHER_NAMESPACES);
    return (rows?.n ?? 0) < TRAFFIC_NAMESPACES ? namespace : OTHER_NAMESPACES;
  }

  #add(namespace: Namespace, { hits, misses, stale, bytesFromDisk, bytesFromUpstream }: NamespaceTraffic): void {
    this.#database
      .query<null, [string, number, number, number, number, number]>(
        `INSERT INTO traffic (namespace, hits, misses, stale, bytes_from_disk, bytes_from_upstream)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           hits = hits + excluded.hits, misses = misses + excluded.misses, stale = stale + excluded.stale,
           bytes_from_disk = bytes_from_disk + excluded.bytes_from_disk,
           bytes_from_upstream = bytes_from_upstream + excluded.bytes_from_upstream`,
      )
      .run(namespace, hits, misses, stale, bytesFromDisk, bytesFromUpstream);
  }
}
