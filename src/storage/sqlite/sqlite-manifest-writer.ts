import type { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns, Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { ManifestPut } from "../metadata.ts";
import { eventsOfPut } from "../events.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { stampLeftBehind } from "./mark-orphans.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteEvents } from "./sqlite-events.ts";

/** A manifest that names so many digests at most is written in one transaction: all images that people make. */
const AT_ONCE = 200;
/** Rows of a larger one that are written or looked up before the clock is looked at. */
const SLICE = 20;

/**
 * Writes manifests.
 *
 * A manifest of tens of thousands of layers is written in turns: its bytes and what it names first, which nobody sees
 * without a row in `repository_manifest`; then that row and the tags, in one transaction. `linkTurns` keeps the
 * collection from taking for abandoned what is not finished.
 */
export class SqliteManifestWriter {
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

  /** As `ManifestStore.putManifest`. */
  put(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]> {
    return Math.max(put.references.length, put.requiredBlobs.length) <= AT_ONCE
      ? this.#putAtOnce(repository, put)
      : this.#linkTurns.run("links", () => this.#putInTurns(repository, put));
  }

  async #putAtOnce(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]> {
    const missing = [
      ...this.#missingBlobs(repository, put, put.requiredBlobs),
      ...this.#missingManifests(repository, put.requiredManifests),
    ];
    if (missing.length > 0) return missing;
    await this.#database.durably(() => {
      this.#borrow(repository, put, put.requiredBlobs);
      if (this.#insertManifest(put)) this.#insertReferences(put, put.references);
      this.#show(repository, put);
      this.#settle(repository, put.requiredBlobs);
      this.#database.otherwise(() => this.#unsettle(repository, put));
    });
    return [];
  }

  async #putInTurns(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]> {
    const work = this.#turns.begin();
    const missing: Digest[] = [];
    const { requiredBlobs, requiredManifests, references } = put;
    await lookInTurns(work, requiredBlobs, (slice) => missing.push(...this.#missingBlobs(repository, put, slice)));
    await lookInTurns(work, requiredManifests, (slice) => missing.push(...this.#missingManifests(repository, slice)));
    if (missing.length > 0) return missing;
    const isNew = this.#database.transact(() => {
      this.#noteUnfinished(put);
      return this.#insertManifest(put);
    });
    if (isNew) await this.#writeInTurns(work, references, (slice) => this.#insertReferences(put, slice));
    await this.#writeInTurns(work, requiredBlobs, (slice) => this.#borrow(repository, put, slice));
    await work.nextTurn();
    const vanished = this.#missingManifests(repository, requiredManifests);
    if (vanished.length > 0) return vanished;
    await this.#database.durably(() => this.#show(repository, put));
    // After the manifest is there: until then the links are held by their grace period alone.
    await this.#writeInTurns(work, requiredBlobs, (slice) => this.#settle(repository, slice));
    return [];
  }

  /** Each turn is a transaction. */
  async #writeInTurns(
    work: Work,
    digests: readonly Digest[],
    write: (slice: readonly Digest[]) => void,
  ): Promise<void> {
    for (let at = 0; at < digests.length; ) {
      await work.nextTurn();
      this.#database.transact(() => {
        while (at < digests.length && !work.isTurnOver) {
          write(digests.slice(at, at + SLICE));
          at += SLICE;
        }
      });
    }
  }

  #missingBlobs(
    repository: RepositoryName,
    { borrowFrom }: ManifestPut,
    digests: readonly Digest[],
  ): readonly Digest[] {
    const find = this.#database.query<unknown, [string, string]>(
      "SELECT 1 FROM repository_blob WHERE repository = ? AND digest = ?",
    );
    const isLinked = (name: RepositoryName, digest: Digest) => find.get(name, digest) !== null;
    return digests.filter(
      (digest) => !isLinked(repository, digest) && !borrowFrom.some((from) => isLinked(from, digest)),
    );
  }

  #missingManifests(repository: RepositoryName, digests: readonly Digest[]): readonly Digest[] {
    const find = this.#database.query<unknown, [string, string]>(
      "SELECT 1 FROM repository_manifest WHERE repository = ? AND manifest = ?",
    );
    return digests.filter((digest) => find.get(repository, digest) === null);
  }

  /** Links what the repository does not have yet. */
  #borrow(repository: RepositoryName, { borrowFrom, atMs }: ManifestPut, digests: readonly Digest[]): void {
    const borrow = this.#database.query<null, [string, number, string, string]>(
      `INSERT INTO repository_blob (repository, digest, touched_at)
       SELECT ?, digest, ? FROM repository_blob WHERE repository = ? AND digest = ? ON CONFLICT DO NOTHING`,
    );
    for (const digest of digests) {
      for (const from of borrowFrom) if (borrow.run(repository, atMs, from, digest).changes > 0) break;
    }
  }

  /** False when some repository holds it: then all that it names is written, too. A crash may have left less. */
  #insertManifest({ manifest }: ManifestPut): boolean {
    const held = this.#database
      .query<unknown, [string]>("SELECT 1 FROM repository_manifest WHERE manifest = ? LIMIT 1")
      .get(manifest.digest);
    if (held !== null) return false;
    this.#database
      .query<null, [string, string, Uint8Array]>(
        "INSERT INTO manifest (digest, media_type, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
      )
      .run(manifest.digest, manifest.mediaType, manifest.bytes);
    return true;
  }

  /** Should it never be shown, a collection finds it. */
  #noteUnfinished({ manifest }: ManifestPut): void {
    this.#database
      .query<null, [string]>("INSERT INTO released (manifest, repository) VALUES (?, '') ON CONFLICT DO NOTHING")
      .run(manifest.digest);
  }

  #insertReferences({ manifest }: ManifestPut, references: readonly Digest[]): void {
    const insert = this.#database.query<null, [string, string]>(
      "INSERT INTO manifest_reference (manifest, digest) VALUES (?, ?) ON CONFLICT DO NOTHING",
    );
    for (const digest of references) insert.run(manifest.digest, digest);
  }

  /** From here on the repository holds the manifest, and with it what it lists. */
  #show(repository: RepositoryName, given: ManifestPut): void {
    const put = given.takenOver === undefined ? given : { ...given, tags: this.#freeTags(repository, given) };
    const { manifest, requiredManifests, subject, tags, kind, isPart, atMs, takenOver } = put;
    const pushed = kind === "pushed" ? 1 : 0;
    for (const name of tags) rememberRow(this.#database, "tag", [repository, name, pushed]);
    rememberRow(this.#database, "repository_manifest", [repository, manifest.digest]);
    this.#database
      .query<null, [string, string, string | null, number, number | null, number]>(
        `INSERT INTO repository_manifest (repository, manifest, subject, added_at, orphaned_at, pushed, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?4)
         ON CONFLICT DO UPDATE SET orphaned_at = CASE WHEN orphaned_at IS NULL THEN NULL ELSE excluded.orphaned_at END,
           pushed = max(pushed, excluded.pushed), used_at = excluded.used_at`,
      )
      .run(repository, manifest.digest, subject, atMs, isPart ? atMs : null, pushed);
    const adopt = this.#database.query<null, [string, string]>(
      `UPDATE repository_manifest SET orphaned_at = NULL
       WHERE repository = ? AND manifest = ? AND orphaned_at IS NOT NULL`,
    );
    for (const child of requiredManifests) adopt.run(repository, child);
    const tag = this.#database.query<null, [string, string, number, string, number, number]>(
      `INSERT INTO tag (repository, name, pushed, manifest, updated_at, checked_at, pulled_at)
       VALUES (?1, ?2, ?3, ?4, ?5, ?6,
         (SELECT pulled_at FROM repository_manifest WHERE repository = ?1 AND manifest = ?4))
       ON CONFLICT DO UPDATE SET manifest = excluded.manifest, checked_at = excluded.checked_at,
         pulled_at = excluded.pulled_at,
         updated_at = CASE WHEN manifest = excluded.manifest AND pushed = 0 THEN updated_at ELSE excluded.updated_at END`,
    );
    for (const name of tags) {
      const taggedAtMs = takenOver?.taggedAtMs.get(name) ?? atMs;
      tag.run(repository, name, pushed, manifest.digest, taggedAtMs, taggedAtMs);
    }
    if (put.isAdopted === true) this.#adopt(repository, put);
    if (tags.length > 0) stampLeftBehind(this.#database, atMs);
    const told = { cause: put.cause, contentBytes: manifest.bytes.byteLength };
    for (const event of eventsOfPut(repository, put)) this.#events.add(event, told);
  }

  /** Those of the tags of a manifest that is taken over that nothing here stands against. */
  #freeTags(repository: RepositoryName, { manifest, tags, kind, takenOver }: ManifestPut): readonly Tag[] {
    if (takenOver?.replaces === true) return tags;
    const find = this.#database.query<unknown, [string, string, string, number]>(
      "SELECT 1 FROM tag WHERE repository = ? AND name = ? AND (pushed = 1 OR manifest <> ? OR ? = 0)",
    );
    return tags.filter((name) => find.get(repository, name, manifest.digest, kind === "pushed" ? 1 : 0) === null);
  }

  /** What a person has put under a tag stays a pushed one. */
  #adopt(repository: RepositoryName, { manifest, references }: ManifestPut): void {
    const adopt = this.#database.query<null, [string, string]>(
      `UPDATE repository_manifest SET pushed = 0 WHERE repository = ?1 AND manifest = ?2 AND pushed = 1
         AND NOT EXISTS (SELECT 1 FROM tag WHERE repository = ?1 AND manifest = ?2 AND pushed = 1)`,
    );
    const listed = isIndexType(manifest.mediaType) ? references : [];
    for (const digest of [manifest.digest, ...listed]) {
      rememberRow(this.#database, "repository_manifest", [repository, digest]);
      adopt.run(repository, digest);
    }
  }

  /** The manifest holds these links from now on, no grace period does. */
  #settle(repository: RepositoryName, digests: readonly Digest[]): void {
    const settle = this.#database.query<null, [string, string]>(
      "UPDATE repository_blob SET touched_at = 0 WHERE repository = ? AND digest = ? AND touched_at <> 0",
    );
    for (const digest of digests) settle.run(repository, digest);
  }

  /** The manifest is not there after all: its pusher comes again. */
  #unsettle(repository: RepositoryName, { requiredBlobs, atMs }: ManifestPut): void {
    const touch = this.#database.query<null, [number, string, string]>(
      "UPDATE repository_blob SET touched_at = ? WHERE repository = ? AND digest = ? AND touched_at = 0",
    );
    for (const digest of requiredBlobs) touch.run(atMs, repository, digest);
  }
}

async function lookInTurns(
  work: Work,
  digests: readonly Digest[],
  look: (slice: readonly Digest[]) => void,
): Promise<void> {
  for (let at = 0; at < digests.length; at += SLICE) {
    look(digests.slice(at, at + SLICE));
    await work.rest();
  }
}
