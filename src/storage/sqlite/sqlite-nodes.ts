import { NODES_KEPT, type NodeStore, type StoredNode } from "../nodes.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = [
  string,
  string | null,
  string | null,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  string | null,
];

/** Who has pulled, in SQLite. */
export class SqliteNodes implements NodeStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async list(): Promise<readonly StoredNode[]> {
    const sql = `SELECT address, runtime, runtime_version AS runtimeVersion, first_pull AS firstPullMs,
      last_pull AS lastPullMs, pulls, hits, misses, stale, bytes, last_image AS lastImage FROM node`;
    return this.#database.query<StoredNode, []>(sql).all();
  }

  async put(nodes: readonly StoredNode[]): Promise<void> {
    if (nodes.length === 0) return;
    this.#database.lightly(() => {
      for (const node of nodes) this.#put(node);
      this.#database
        .query<null, [number]>(
          `DELETE FROM node WHERE address IN (
             SELECT address FROM node ORDER BY last_pull DESC, address LIMIT -1 OFFSET ?)`,
        )
        .run(NODES_KEPT);
    });
  }

  #put(node: StoredNode): void {
    const { address, runtime, runtimeVersion, firstPullMs, lastPullMs, pulls, hits, misses, stale } = node;
    this.#database
      .query<null, Row>(
        `INSERT INTO node (address, runtime, runtime_version, first_pull, last_pull, pulls, hits, misses, stale, bytes,
           last_image) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
           runtime = excluded.runtime, runtime_version = excluded.runtime_version, last_pull = excluded.last_pull,
           pulls = excluded.pulls, hits = excluded.hits, misses = excluded.misses, stale = excluded.stale,
           bytes = excluded.bytes, last_image = excluded.last_image`,
      )
      .run(
        address,
        runtime,
        runtimeVersion,
        firstPullMs,
        lastPullMs,
        pulls,
        hits,
        misses,
        stale,
        node.bytes,
        node.lastImage,
      );
  }
}
