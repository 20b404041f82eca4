import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { PUSHED_LOOK_LIMIT, type PushedStore } from "../pushed.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { namingManifests } from "./sqlite-naming.ts";

/** What people pushed, in SQLite. */
export class SqlitePushed implements PushedStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async findPushedTag(
    repository: RepositoryName,
    digest: Digest,
    { isMeant = () => true, withReferrers = false }: Parameters<PushedStore["findPushedTag"]>[2] = {},
  ): Promise<Tag | null> {
    const tagged = this.#database.query<{ name: Tag }, [string, string]>(
      "SELECT name FROM tag WHERE repository = ? AND manifest = ? AND pushed = 1 ORDER BY name",
    );
    for (const one of this.#upFrom(repository, digest, withReferrers)) {
      const found = tagged.all(repository, one).find(({ name }) => isMeant(name));
      if (found !== undefined) return found.name;
    }
    return null;
  }

  async isPushed(repository: RepositoryName, digest: Digest): Promise<boolean> {
    const pushed = this.#database.query<{ one: 1 }, [string, string]>(
      `SELECT 1 AS one FROM repository_manifest WHERE repository = ?1 AND manifest = ?2 AND pushed = 1
       UNION ALL SELECT 1 FROM tag WHERE repository = ?1 AND manifest = ?2 AND pushed = 1`,
    );
    for (const one of this.#upFrom(repository, digest, true)) if (pushed.get(repository, one) !== null) return true;
    return false;
  }

  /** A digest, and upwards from what is named to what names it. */
  *#upFrom(repository: RepositoryName, digest: Digest, withReferrers: boolean): Iterable<string> {
    const subject = this.#database.query<{ subject: string }, [string, string]>(
      "SELECT subject FROM repository_manifest WHERE repository = ? AND manifest = ? AND subject IS NOT NULL",
    );
    const seen = new Set<string>([digest]);
    // Grows while it is gone through.
    for (const one of seen) {
      yield one;
      if (seen.size > PUSHED_LOOK_LIMIT) return;
      const referred = withReferrers ? subject.get(repository, one) : null;
      if (referred !== null) seen.add(referred.subject);
      for (const manifest of namingManifests(this.#database, repository, one)) {
        seen.add(manifest);
        if (seen.size > PUSHED_LOOK_LIMIT) break;
      }
    }
  }
}
