import type { SqliteDatabase } from "./sqlite-database.ts";
import { isNamed } from "./sqlite-naming.ts";
import type { Collected, WorkList } from "./work-list.ts";

type Released = { readonly manifest: string; readonly repository: string; readonly position: string };

/** References that are looked at, or deleted, in one piece. */
const SLICE = 50;

/**
 * Manifests that repositories held: the links that nothing else needs go, then what no repository holds any more.
 *
 * A link that was touched after `beforeMs` is left: it is in the index of those that a grace period holds. References go
 * by slices, and the manifest last; who stores it meanwhile finds that no repository holds it, and writes them all anew.
 */
export class SqliteReleasedManifests implements WorkList<Released> {
  readonly #database: SqliteDatabase;
  readonly #beforeMs: number;

  constructor(database: SqliteDatabase, beforeMs: number) {
    this.#database = database;
    this.#beforeMs = beforeMs;
  }

  next(): Released | null {
    return this.#database.query<Released, []>("SELECT manifest, repository, position FROM released LIMIT 1").get();
  }

  take(released: Released): Collected {
    const { manifest, repository, position } = released;
    const digests = repository === "" ? [] : this.#referencesAfter(manifest, position);
    const links = digests.filter((digest) => this.#dropLink(repository, digest)).length;
    const last = digests.at(-1);
    if (last !== undefined) this.#advance(released, last);
    else if (this.#isElsewhere(released) || this.#forget(manifest)) this.#finish(released);
    return { manifests: 0, links };
  }

  #referencesAfter(manifest: string, position: string): readonly string[] {
    return this.#database
      .query<{ digest: string }, [string, string, number]>(
        "SELECT digest FROM manifest_reference WHERE manifest = ? AND digest > ? ORDER BY digest LIMIT ?",
      )
      .all(manifest, position, SLICE)
      .map((row) => row.digest);
  }

  #dropLink(repository: string, digest: string): boolean {
    const due = this.#database
      .query<unknown, [string, string, number]>(
        "SELECT 1 FROM repository_blob WHERE repository = ? AND digest = ? AND touched_at < ?",
      )
      .get(repository, digest, this.#beforeMs);
    if (due === null || isNamed(this.#database, repository, digest)) return false;
    this.#database
      .query<null, [string, string]>("DELETE FROM repository_blob WHERE repository = ? AND digest = ?")
      .run(repository, digest);
    return true;
  }

  #advance({ manifest, repository }: Released, position: string): void {
    this.#database
      .query<null, [string, string, string]>("UPDATE released SET position = ? WHERE manifest = ? AND repository = ?")
      .run(position, manifest, repository);
  }

  #finish({ manifest, repository }: Released): void {
    this.#database
      .query<null, [string, string]>("DELETE FROM released WHERE manifest = ? AND repository = ?")
      .run(manifest, repository);
  }

  /** Does a repository hold the manifest, or has one held it whose links must be looked at by its references? */
  #isElsewhere({ manifest, repository }: Released): boolean {
    const sql = `SELECT 1 WHERE EXISTS (SELECT 1 FROM repository_manifest WHERE manifest = ?1)
      OR EXISTS (SELECT 1 FROM released WHERE manifest = ?1 AND repository <> ?2)`;
    return this.#database.query<unknown, [string, string]>(sql).get(manifest, repository) !== null;
  }

  /** False while there is more to delete. */
  #forget(manifest: string): boolean {
    const { changes } = this.#database
      .query<null, [string, number]>(
        `DELETE FROM manifest_reference WHERE manifest = ?1
           AND digest IN (SELECT digest FROM manifest_reference WHERE manifest = ?1 LIMIT ?2)`,
      )
      .run(manifest, SLICE);
    if (changes === SLICE) return false;
    this.#database.query<null, [string]>("DELETE FROM manifest WHERE digest = ?").run(manifest);
    return true;
  }
}
