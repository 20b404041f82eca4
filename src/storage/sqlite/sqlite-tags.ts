import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { RepositoryStore, SeenTag, TagKind, Tagged, TagStore } from "../metadata.ts";
import type { Page } from "../page.ts";
import { type EventCause, eventOfRemoval, NO_CAUSE } from "../events.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteEvents } from "./sqlite-events.ts";
import { releaseManifest, stampLeftBehind } from "./mark-orphans.ts";
import { rememberRow } from "./remember-row.ts";
import { removeInTurns } from "./sqlite-orphans.ts";
import { type ManifestRow, type TagRow, toManifest, toTag } from "./sqlite-rows.ts";

const REMEMBERED_LIMIT_BYTES = 8 << 20;
/** What an entry costs besides its manifest's bytes, roughly. */
const ENTRY_BYTES = 500;

/** Tags and the names of repositories in SQLite. Text is compared by its bytes there, as the contract wants. */
export class SqliteTags implements TagStore, RepositoryStore {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;
  readonly #turns: Turns;
  readonly #remembered = new Map<string, Tagged | null>();
  #rememberedBytes = 0;
  #rememberedAt = -1;

  constructor(database: SqliteDatabase, events: SqliteEvents, turns: Turns) {
    this.#database = database;
    this.#events = events;
    this.#turns = turns;
  }

  /** Answers are remembered until the next transaction, for a fleet of nodes asks for the same few tags. */
  recallTagged(repository: RepositoryName, tag: Tag): Tagged | null | undefined {
    if (this.#rememberedAt !== this.#database.transactions) this.#forget();
    return this.#remembered.get(`${repository}:${tag}`);
  }

  async getTagged(repository: RepositoryName, tag: Tag): Promise<Tagged | null> {
    const known = this.recallTagged(repository, tag);
    if (known !== undefined) return known;
    const key = `${repository}:${tag}`;
    const found = this.#readTagged(repository, tag);
    this.#rememberedBytes += ENTRY_BYTES + (found?.manifest.bytes.byteLength ?? 0);
    if (this.#rememberedBytes > REMEMBERED_LIMIT_BYTES) this.#forget();
    else this.#remembered.set(key, found);
    return found;
  }

  #forget(): void {
    this.#remembered.clear();
    this.#rememberedBytes = 0;
    this.#rememberedAt = this.#database.transactions;
  }

  #readTagged(repository: RepositoryName, tag: Tag): Tagged | null {
    const row = this.#database
      .query<TagRow & ManifestRow, [string, string]>(
        `SELECT t.name, t.pushed, t.manifest, t.updated_at, t.checked_at, t.pulled_at, m.digest, m.media_type, m.bytes
         FROM tag t JOIN manifest m ON m.digest = t.manifest
         WHERE t.repository = ? AND t.name = ? ORDER BY t.pushed DESC LIMIT 1`,
      )
      .get(repository, tag);
    return row === null ? null : { tag: toTag(row), manifest: toManifest(row) };
  }

  async deleteTag(
    repository: RepositoryName,
    tag: Tag,
    withManifest: boolean,
    atMs: number,
    cause: EventCause = NO_CAUSE,
    only: SeenTag = {},
  ): Promise<TagKind | null> {
    const pushed = only.kind === undefined ? null : only.kind === "pushed" ? 1 : 0;
    const remove = (): TagKind | null => {
      for (const kind of [0, 1]) rememberRow(this.#database, "tag", [repository, tag, kind]);
      const removed = this.#database
        .query<{ pushed: number; manifest: string }, [string, string, string | null, number | null, number | null]>(
          `DELETE FROM tag WHERE repository = ?1 AND name = ?2
             AND pushed = (SELECT max(pushed) FROM tag WHERE repository = ?1 AND name = ?2)
             AND manifest = coalesce(?3, manifest) AND updated_at = coalesce(?4, updated_at)
             AND pushed = coalesce(?5, pushed) RETURNING pushed, manifest`,
        )
        .get(repository, tag, only.digest ?? null, only.updatedAtMs ?? null, pushed);
      if (removed === null) return null;
      const event = eventOfRemoval(repository, tag, removed.manifest as Digest, atMs, cause);
      this.#events.add({ ...event, kind: only.event ?? "removed" }, { cause });
      stampLeftBehind(this.#database, atMs);
      if (withManifest) rememberRow(this.#database, "repository_manifest", [repository, removed.manifest]);
      if (withManifest) releaseManifest(this.#database, repository, removed.manifest);
      return removed.pushed === 1 ? "pushed" : "cached";
    };
    return withManifest ? removeInTurns(this.#database, this.#turns, atMs, remove) : this.#database.freeing(remove);
  }

  async listTags(repository: RepositoryName, page: Page): Promise<readonly Tag[]> {
    return this.#database
      .query<{ name: string }, [string, string, number]>(
        "SELECT DISTINCT name FROM tag WHERE repository = ? AND name > ? ORDER BY name LIMIT ?",
      )
      .all(repository, page.after ?? "", page.limit)
      .map((row) => row.name as Tag);
  }

  async touchTag(repository: RepositoryName, tag: Tag, checkedAtMs: number): Promise<void> {
    this.#database.transact(() => {
      const touched = this.#database
        .query<{ manifest: string }, [number, string, string]>(
          "UPDATE tag SET checked_at = ? WHERE repository = ? AND name = ? AND pushed = 0 RETURNING manifest",
        )
        .get(checkedAtMs, repository, tag);
      if (touched === null) return;
      this.#database
        .query<null, [number, string, string]>(
          "UPDATE repository_manifest SET used_at = ? WHERE repository = ? AND manifest = ?",
        )
        .run(checkedAtMs, repository, touched.manifest);
    });
  }

  async hasRepository(repository: RepositoryName): Promise<boolean> {
    const sql = "SELECT 1 FROM repository_manifest WHERE repository = ? LIMIT 1";
    return this.#database.query<unknown, [string]>(sql).get(repository) !== null;
  }

  async listRepositories(namespace: Namespace | null, page: Page): Promise<readonly RepositoryName[]> {
    // "0" is the character after "/": between `quay.io/` and `quay.io0` lies just that namespace.
    const [from, to] = namespace === null ? ["", "\u{10ffff}"] : [`${namespace}/`, `${namespace}0`];
    // From name to name: DISTINCT would go through every manifest of a repository that has a million.
    return this.#database
      .query<{ repository: string }, [string, string, string, number]>(
        `WITH RECURSIVE held (repository) AS (
           SELECT (SELECT repository FROM repository_manifest WHERE repository > max(?1, ?2) ORDER BY repository LIMIT 1)
           UNION ALL
           SELECT (SELECT m.repository FROM repository_manifest m WHERE m.repository > held.repository
                   ORDER BY m.repository LIMIT 1)
           FROM held WHERE held.repository < ?3)
         SELECT repository FROM held WHERE repository < ?3 LIMIT ?4`,
      )
      .all(from, page.after ?? "", to, page.limit)
      .map((row) => row.repository as RepositoryName);
  }
}
