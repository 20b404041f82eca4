import type { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type {
  LeftBehindAges,
  LeftBehindRemoval,
  LeftBehindStore,
  UntaggedManifest,
  UntaggedPlace,
  UntaggedQuery,
} from "../left-behind.ts";
import { finishWorkList } from "./finish-work-list.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { SqliteDueManifests } from "./sqlite-due-manifests.ts";
import type { SqliteEvents } from "./sqlite-events.ts";
import { findNaming, partsOf } from "./sqlite-naming.ts";
import { SqliteOrphans } from "./sqlite-orphans.ts";

/** Manifests that one call looks at: some 10 ms. */
const SLICE = 1000;
/** Behind the names of all repositories. */
const LAST_NAME = "\u{10ffff}";

type Row = {
  readonly repository: string;
  readonly manifest: string;
  readonly subject: string | null;
  readonly pushed: number;
  readonly usedAtMs: number;
  readonly pulledAtMs: number;
  readonly since: number | null;
  readonly isTagged: number;
  readonly isSubjectHere: number;
};

/** Manifests without a tag in SQLite. */
export class SqliteLeftBehind implements LeftBehindStore {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;
  readonly #turns: Turns;
  readonly #linkTurns: KeyedMutex<"links">;

  constructor(database: SqliteDatabase, events: SqliteEvents, turns: Turns, linkTurns: KeyedMutex<"links">) {
    this.#database = database;
    this.#events = events;
    this.#turns = turns;
    this.#linkTurns = linkTurns;
  }

  async removeLeftBehind(
    ages: LeftBehindAges,
    nowMs: number,
    isKept: (repository: RepositoryName, digest: Digest) => boolean,
  ): Promise<LeftBehindRemoval> {
    const due = new SqliteDueManifests(this.#database, this.#events, { ages, nowMs, isKept });
    const work = this.#turns.begin();
    const taken = await finishWorkList(this.#database, this.#linkTurns, due, work);
    if (taken.manifests === 0 && !due.hasReleased) return { manifests: 0 };
    const orphans = new SqliteOrphans(this.#database, 1, nowMs);
    const followed = await finishWorkList(this.#database, this.#linkTurns, orphans, work);
    return { manifests: taken.manifests + followed.manifests };
  }

  async listUntagged(query: UntaggedQuery) {
    const { namespace, text, after, limit } = query;
    // As in the list of repositories.
    const [from, to] = namespace === null ? ["", LAST_NAME] : [`${namespace}/`, `${namespace}0`];
    const start = after !== null && after.repository >= from ? after : { repository: from, digest: "" };
    const rows = this.#rowsAfter(start.repository, start.digest, to);
    const manifests: UntaggedManifest[] = [];
    for (const row of rows) {
      if (manifests.length >= limit) return { manifests, next: placeBefore(rows, row, start) };
      const found = `${row.repository}@${row.manifest}`.includes(text) ? this.#untaggedOf(row) : null;
      if (found !== null) manifests.push(found);
    }
    const last = rows.at(-1);
    return { manifests, next: last === undefined || rows.length < SLICE ? null : placeOf(last) };
  }

  async findIndexOf(repository: RepositoryName, digest: Digest) {
    const index = findNaming(this.#database, repository, digest);
    if (index === null) return null;
    const sql = "SELECT name FROM tag WHERE repository = ? AND manifest = ? ORDER BY name LIMIT 1";
    const tag = this.#database.query<{ name: string }, [string, string]>(sql).get(repository, index);
    return { digest: index as Digest, tag: (tag?.name ?? null) as Tag | null };
  }

  async listParts(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]> {
    return partsOf(this.#database, repository, digest) as readonly Digest[];
  }

  #rowsAfter(repository: string, digest: string, to: string): readonly Row[] {
    return this.#database
      .query<Row, [string, string, string, number]>(
        `SELECT r.repository, r.manifest, r.subject, r.pushed, r.used_at AS usedAtMs, r.pulled_at AS pulledAtMs,
           (SELECT since FROM left_behind l WHERE l.repository = r.repository AND l.manifest = r.manifest) AS since,
           EXISTS (SELECT 1 FROM tag t WHERE t.repository = r.repository AND t.manifest = r.manifest) AS isTagged,
           EXISTS (SELECT 1 FROM repository_manifest s
             WHERE s.repository = r.repository AND s.manifest = r.subject) AS isSubjectHere
         FROM repository_manifest r WHERE (r.repository, r.manifest) > (?, ?) AND r.repository < ?
         ORDER BY r.repository, r.manifest LIMIT ?`,
      )
      .all(repository, digest, to, SLICE);
  }

  /** Null for one with a tag, and for one that only ever was a part of something. */
  #untaggedOf({ repository, manifest, ...row }: Row): UntaggedManifest | null {
    if (row.isTagged === 1) return null;
    const index = findNaming(this.#database, repository, manifest);
    if (row.since === null && (index !== null || row.isSubjectHere === 1)) return null;
    const type = this.#database.query<{ type: string }, [string]>(
      "SELECT media_type AS type FROM manifest WHERE digest = ?",
    );
    const subject = row.isSubjectHere === 1 ? row.subject : null;
    const holder = index ?? subject;
    // Noted by a trigger alone, it was not long ago.
    const leftBehindAtMs = row.since === 0 ? row.usedAtMs : row.since;
    return {
      repository: repository as RepositoryName,
      digest: manifest as Digest,
      mediaType: type.get(manifest)?.type ?? "",
      kind: row.pushed === 1 ? "pushed" : "cached",
      leftBehindAtMs,
      pulledAtMs: row.pulledAtMs === 0 ? null : row.pulledAtMs,
      usedAtMs: Math.max(leftBehindAtMs ?? 0, row.usedAtMs),
      holder: holder === null ? null : { kind: index === null ? "subject" : "index", digest: holder as Digest },
    };
  }
}

function placeOf({ repository, manifest }: Row): UntaggedPlace {
  return { repository: repository as RepositoryName, digest: manifest as Digest };
}

function placeBefore(rows: readonly Row[], row: Row, start: { repository: string; digest: string }): UntaggedPlace {
  const before = rows[rows.indexOf(row) - 1];
  return before === undefined ? (start as UntaggedPlace) : placeOf(before);
}
