import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import {
  sizeOfTagList,
  TAG_LIST_BYTES,
  TAG_LIST_LIMIT_BYTES,
  TAG_LISTS_LIMIT_BYTES,
  type TagList,
  type TagListStore,
} from "../tag-lists.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = { readonly names: string; readonly is_cut: number; readonly fetched_at: number };

/** Lists of tags in SQLite. They are not synced: what a power cut takes is asked for again. */
export class SqliteTagLists implements TagListStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  async getTagList(repository: RepositoryName): Promise<TagList | null> {
    const sql = "SELECT names, is_cut, fetched_at FROM tag_list WHERE repository = ?";
    const row = this.#database.query<Row, [string]>(sql).get(repository);
    if (row === null) return null;
    const tags = row.names === "" ? [] : (row.names.split("\n") as Tag[]);
    return { tags, isCut: row.is_cut === 1, fetchedAtMs: row.fetched_at };
  }

  async putTagList(repository: RepositoryName, list: TagList): Promise<void> {
    const size = sizeOfTagList(list);
    if (size > TAG_LIST_LIMIT_BYTES) return this.deleteTagList(repository);
    const names = list.tags.join("\n");
    this.#database.transact(() => {
      this.#database
        .query<null, [string, string, number, number, number]>(
          `INSERT INTO tag_list (repository, names, size, is_cut, fetched_at) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET
             names = excluded.names, size = excluded.size, is_cut = excluded.is_cut, fetched_at = excluded.fetched_at`,
        )
        .run(repository, names, size, Number(list.isCut), list.fetchedAtMs);
      this.#makeRoom();
    });
  }

  async deleteTagList(repository: RepositoryName): Promise<void> {
    this.#database.transact(() =>
      this.#database.query<null, [string]>("DELETE FROM tag_list WHERE repository = ?").run(repository),
    );
  }

  #makeRoom(): void {
    const sum = `SELECT coalesce(sum(size + ${TAG_LIST_BYTES}), 0) AS bytes FROM tag_list`;
    const bytes = this.#database.query<{ bytes: number }, []>(sum).get()?.bytes ?? 0;
    if (bytes <= TAG_LISTS_LIMIT_BYTES) return;
    this.#database
      .query<null, [number, number]>(
        `DELETE FROM tag_list WHERE repository IN (
           SELECT repository FROM (
             SELECT repository, sum(size + ?) OVER (ORDER BY fetched_at DESC, repository) AS bytes FROM tag_list)
           WHERE bytes > ?)`,
      )
      .run(TAG_LIST_BYTES, TAG_LISTS_LIMIT_BYTES);
  }
}
