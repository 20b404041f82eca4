import type { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { HeldManifest, ManifestPut, ManifestStore, StoredManifest } from "../metadata.ts";
import type { Page } from "../page.ts";
import { type EventCause, eventOfRemoval, NO_CAUSE } from "../events.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteEvents } from "./sqlite-events.ts";
import { namingManifests } from "./sqlite-naming.ts";
import { SqliteManifestWriter } from "./sqlite-manifest-writer.ts";
import { markOrphans, noteDeparture, releaseAttached, stampLeftBehind } from "./mark-orphans.ts";
import { rememberManifest } from "./remember-row.ts";
import { removeInTurns } from "./sqlite-orphans.ts";
import { type ManifestRow, toManifest } from "./sqlite-rows.ts";

/** Manifests in SQLite. */
export class SqliteManifests implements ManifestStore {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;
  readonly #turns: Turns;
  readonly #writer: SqliteManifestWriter;

  /** `linkTurns`: who changes many links in turns takes one after the other. */
  constructor(database: SqliteDatabase, events: SqliteEvents, turns: Turns, linkTurns: KeyedMutex<"links">) {
    this.#database = database;
    this.#events = events;
    this.#turns = turns;
    this.#writer = new SqliteManifestWriter(database, events, turns, linkTurns);
  }

  putManifest(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]> {
    return this.#writer.put(repository, put);
  }

  async getManifest(repository: RepositoryName, digest: Digest): Promise<StoredManifest | null> {
    const row = this.#database
      .query<ManifestRow, [string, string]>(
        `SELECT m.digest, m.media_type, m.bytes FROM repository_manifest r JOIN manifest m ON m.digest = r.manifest
         WHERE r.repository = ? AND r.manifest = ?`,
      )
      .get(repository, digest);
    return row === null ? null : toManifest(row);
  }

  async getManifests(repositories: readonly RepositoryName[], digests: readonly Digest[]) {
    // As in `SqliteHoldings`.
    const rows = this.#database
      .query<ManifestRow & { readonly repository: string }, [string, string]>(
        `SELECT r.repository, m.digest, m.media_type, m.bytes, min(n.key)
         FROM json_each(?2) d CROSS JOIN json_each(?1) n
         CROSS JOIN repository_manifest r ON r.manifest = d.value AND r.repository = n.value
         CROSS JOIN manifest m ON m.digest = r.manifest GROUP BY d.value`,
      )
      .all(JSON.stringify(repositories), JSON.stringify(digests));
    return new Map(
      rows.map((row): [Digest, HeldManifest] => [
        row.digest as Digest,
        { repository: row.repository as RepositoryName, manifest: toManifest(row) },
      ]),
    );
  }

  async deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    withChildren: boolean,
    atMs: number,
    cause: EventCause = NO_CAUSE,
  ): Promise<boolean> {
    const remove = () => {
      rememberManifest(this.#database, repository, digest);
      const tags = this.#events.isPlanned ? this.#tagsOf(repository, digest) : [];
      const removed = this.#database
        .query<null, [string, string]>("DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?")
        .run(repository, digest);
      if (removed.changes === 0) return false;
      markOrphans(this.#database, repository, digest, withChildren ? 0 : atMs);
      if (withChildren) releaseAttached(this.#database, repository, digest);
      else noteDeparture(this.#database, repository, digest, atMs);
      stampLeftBehind(this.#database, atMs);
      this.#events.add(eventOfRemoval(repository, null, digest, atMs, cause), { cause, tags });
      return true;
    };
    return withChildren ? removeInTurns(this.#database, this.#turns, atMs, remove) : this.#database.freeing(remove);
  }

  #tagsOf(repository: RepositoryName, digest: Digest): readonly Tag[] {
    const sql = "SELECT DISTINCT name FROM tag WHERE repository = ? AND manifest = ? ORDER BY name LIMIT 1000";
    return this.#database
      .query<{ name: string }, [string, string]>(sql)
      .all(repository, digest)
      .map(({ name }) => name as Tag);
  }

  async listReferrers(repository: RepositoryName, subject: Digest, page: Page): Promise<readonly StoredManifest[]> {
    return this.#database
      .query<ManifestRow, [string, string, string, number]>(
        `SELECT m.digest, m.media_type, m.bytes FROM repository_manifest r JOIN manifest m ON m.digest = r.manifest
         WHERE r.repository = ? AND r.subject = ? AND r.manifest > ? ORDER BY r.manifest LIMIT ?`,
      )
      .all(repository, subject, page.after ?? "", page.limit)
      .map(toManifest);
  }

  async listNaming(repository: RepositoryName, digest: Digest, page: Page): Promise<readonly StoredManifest[]> {
    const found: StoredManifest[] = [];
    if (page.limit === 0) return found;
    for (const next of namingManifests(this.#database, repository, digest, page.after)) {
      const manifest = await this.getManifest(repository, next as Digest);
      if (manifest !== null) found.push(manifest);
      if (found.length >= page.limit) break;
    }
    return found;
  }
}
