import { constants, Database } from "bun:sqlite";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";

/** A tag as a pull sees it. */
export type RecordedTag = { readonly tag: Tag; readonly digest: Digest; readonly updatedAtMs: number };

/** The images that a copy of a database records, which nobody changes. */
export class RecordedImages {
  readonly #database: Database;

  /** Opens the copy at `path`; close it. */
  constructor(path: string) {
    const address = `file:${encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")}?immutable=1`;
    this.#database = new Database(address, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  }

  /** The repositories that hold manifests, by name. */
  repositories(): readonly RepositoryName[] {
    const sql = "SELECT DISTINCT repository FROM repository_manifest ORDER BY repository";
    return this.#database
      .query<{ repository: RepositoryName }, []>(sql)
      .all()
      .map(({ repository }) => repository);
  }

  /** The manifests that a repository holds. */
  manifests(repository: RepositoryName): readonly Digest[] {
    const sql = "SELECT manifest FROM repository_manifest WHERE repository = ? ORDER BY manifest";
    return this.#database
      .query<{ manifest: Digest }, [string]>(sql)
      .all(repository)
      .map(({ manifest }) => manifest);
  }

  /** The tags of a repository: a pushed one covers a cached one. */
  tags(repository: RepositoryName): readonly RecordedTag[] {
    const sql = `SELECT name AS tag, manifest AS digest, updated_at AS updatedAtMs FROM tag
                 WHERE repository = ? ORDER BY name, pushed`;
    const rows = this.#database.query<RecordedTag, [string]>(sql).all(repository);
    return [...new Map(rows.map((row) => [row.tag, row])).values()];
  }

  /** A manifest's bytes and media type; null when it is not recorded. */
  manifest(digest: Digest): { readonly bytes: Uint8Array; readonly mediaType: string } | null {
    const sql = "SELECT bytes, media_type AS mediaType FROM manifest WHERE digest = ?";
    return this.#database.query<{ bytes: Uint8Array; mediaType: string }, [string]>(sql).get(digest);
  }

  close(): void {
    this.#database.close();
  }
}
