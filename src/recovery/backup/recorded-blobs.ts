import { constants, Database } from "bun:sqlite";
import type { Digest } from "../../oci/digest.ts";

/** A blob that a database records. */
export type RecordedBlob = { readonly digest: Digest; readonly size: number };

const PAGE = 500;

/** The blobs that a copy of a database records, which nobody changes. */
export class RecordedBlobs {
  readonly #database: Database;

  /** Opens the copy at `path`; close it. */
  constructor(path: string) {
    const address = `file:${encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23")}?immutable=1`;
    this.#database = new Database(address, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
  }

  /** Those after one of them, in the order of their digests; null: from the first on. */
  page(after: string | null, limit: number): readonly RecordedBlob[] {
    const sql = "SELECT digest, size FROM blob WHERE digest > ? ORDER BY digest LIMIT ?";
    return this.#database.query<RecordedBlob, [string, number]>(sql).all(after ?? "", limit);
  }

  /** All of them, in the order of their digests. */
  *all(): Generator<RecordedBlob, void, void> {
    for (let after: Digest | null = null; ; ) {
      const page = this.page(after, PAGE);
      yield* page;
      after = page.at(-1)?.digest ?? null;
      if (page.length < PAGE) return;
    }
  }

  /** Is it one of them? */
  has(digest: Digest): boolean {
    return this.#database.query<unknown, [string]>("SELECT 1 FROM blob WHERE digest = ?").get(digest) !== null;
  }

  close(): void {
    this.#database.close();
  }
}
