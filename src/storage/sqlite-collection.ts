import { KeyedMutex } from "../lib/keyed-mutex.ts";
import type { Digest } from "../oci/digest.ts";
import type { CollectionStore } from "./metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { collectOrphans } from "./sqlite-manifests.ts";

/** Housekeeping in SQLite. One process has the database, so a mutex in memory is all that `exclusively` needs. */
export class SqliteCollection implements CollectionStore {
  readonly #database: SqliteDatabase;
  readonly #mutex = new KeyedMutex<Digest>();
  readonly #linkTurns: KeyedMutex<"links">;

  /** `linkTurns`: a manifest that is written in turns is left alone until it is complete. */
  constructor(database: SqliteDatabase, linkTurns: KeyedMutex<"links">) {
    this.#database = database;
    this.#linkTurns = linkTurns;
  }

  collectLinks(beforeMs: number): Promise<{ manifests: number; links: number }> {
    return this.#linkTurns.run("links", () => this.#collectLinks(beforeMs));
  }

  async #collectLinks(beforeMs: number): Promise<{ manifests: number; links: number }> {
    return this.#database.freeing(() => {
      const manifests = collectOrphans(this.#database, beforeMs);
      const links = this.#database
        .query<null, [number]>(
          `DELETE FROM repository_blob WHERE touched_at < ? AND NOT EXISTS (
             SELECT 1 FROM manifest_reference f JOIN repository_manifest m ON m.manifest = f.manifest
             WHERE f.digest = repository_blob.digest AND m.repository = repository_blob.repository)`,
        )
        .run(beforeMs).changes;
      this.#database
        .query<null, []>(
          "DELETE FROM manifest WHERE NOT EXISTS (SELECT 1 FROM repository_manifest r WHERE r.manifest = manifest.digest)",
        )
        .run();
      return { manifests, links };
    });
  }

  async listUnlinkedBlobs(limit: number): Promise<readonly Digest[]> {
    return this.#database
      .query<{ digest: string }, [number]>(
        `SELECT digest FROM blob
         WHERE NOT EXISTS (SELECT 1 FROM repository_blob r WHERE r.digest = blob.digest) LIMIT ?`,
      )
      .all(limit)
      .map((row) => row.digest as Digest);
  }

  async forgetBlob(digest: Digest): Promise<boolean> {
    return this.#database.freeing(() => {
      const sql = `DELETE FROM blob WHERE digest = ?
        AND NOT EXISTS (SELECT 1 FROM repository_blob r WHERE r.digest = blob.digest)`;
      return this.#database.query<null, [string]>(sql).run(digest).changes > 0;
    });
  }

  async findUnrecorded(digests: readonly Digest[]): Promise<readonly Digest[]> {
    const find = this.#database.query<unknown, [string]>("SELECT 1 FROM blob WHERE digest = ?");
    return digests.filter((digest) => find.get(digest) === null);
  }

  exclusively<T>(digest: Digest, work: () => Promise<T>): Promise<T> {
    return this.#mutex.run(digest, work);
  }
}
