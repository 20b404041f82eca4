import type { RepositoryName } from "../../oci/repository-name.ts";
import type { LocatedTag, TagIndex, TagPlace, TagQuery } from "../metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { type TagRow, toTag } from "./sqlite-rows.ts";
import {
  boundsOf,
  endOfSlice,
  firstName,
  keyOf,
  lastName,
  later,
  orderSql,
  type PlaceRow,
  placeRow,
  rangeSql,
  toPlace,
  type Value,
} from "./sqlite-tag-order.ts";

/** Tags that one call looks at: a few milliseconds. */
const SLICE_TAGS = 5000;
/**
 * Finds tags through the index of their order, slice by slice: the end of a slice is found first, then the matching
 * tags before it. A hundred thousand names are searched in some 30 ms, which would not be worth an index of their
 * parts.
 */
export class SqliteTagIndex implements TagIndex {
  readonly #database: SqliteDatabase;
  readonly #sliceTags: number;

  constructor(database: SqliteDatabase, sliceTags = SLICE_TAGS) {
    this.#database = database;
    this.#sliceTags = sliceTags;
  }

  async findTags(query: TagQuery): Promise<{ tags: readonly LocatedTag[]; next: TagPlace | null }> {
    const { order, limit } = query;
    const [first, last] = boundsOf(query.order, query.namespace);
    const from = query.after === null ? first : later(order, first, placeRow(query.after));
    // Where every tag matches, the limit is bound enough.
    const end = isSearch(query) ? endOfSlice(this.#database, order, [from, last], this.#sliceTags) : null;
    const rows = this.#meantIn(query, from, end);
    const tags = rows.slice(0, limit).map((row) => ({ ...toTag(row), repository: row.repository as RepositoryName }));
    const shown = tags.at(-1);
    const isLast = rows.length > limit || (shown?.repository === end?.repository && shown?.tag === end?.name);
    // Its pushed and its cached row are one tag: what is shown is passed by with both.
    if (shown !== undefined && isLast)
      return { tags, next: { ...shown, kind: order.descending ? "cached" : "pushed" } };
    return { tags, next: end === null ? null : toPlace(end) };
  }

  /** One more than the limit, if there are so many. */
  #meantIn(query: TagQuery, from: PlaceRow, end: PlaceRow | null): (TagRow & { repository: string })[] {
    const { order, text, kind, namespace } = query;
    const [, last] = boundsOf(query.order, query.namespace);
    const range = rangeSql(order, end === null ? "<" : "<=");
    const filters: [sql: string, ...values: Value[]][] = [];
    // The order by name is held to the namespace by its range.
    if (namespace !== null && order.by !== "name") {
      filters.push(["+repository > ?", firstName(namespace)], ["+repository < ?", lastName(namespace)]);
    }
    if (kind !== null) filters.push(["pushed = ?", kind === "pushed" ? 1 : 0]);
    // Only a text with a colon can reach from a repository's name into a tag's.
    if (text.includes(":")) filters.push(["instr(repository || ':' || name, ?)", text]);
    else if (text !== "") filters.push(["(instr(repository, ?) OR instr(name, ?))", text, text]);
    // The index of an order has all that is looked at; the rows themselves are read of those that are meant.
    const meant = `SELECT repository, name, pushed FROM tag t ${range}
      ${filters.map(([condition]) => `AND ${condition}`).join(" ")}
      AND (pushed = 1 OR NOT EXISTS (SELECT 1 FROM tag o WHERE o.repository = t.repository AND o.name = t.name AND o.pushed = 1))
      ORDER BY ${orderSql(order)} LIMIT ?`;
    const sql = `SELECT tag.* FROM (${meant}) CROSS JOIN tag USING (repository, name, pushed) ORDER BY ${orderSql(order)}`;
    const values = filters.flatMap(([, ...some]) => some);
    return this.#database
      .query<TagRow & { repository: string }, Value[]>(sql)
      .all(...keyOf(order, from), ...keyOf(order, end ?? last), ...values, query.limit + 1);
  }
}

/** May there be tags that do not match and are passed over? */
function isSearch({ text, kind, namespace, order }: TagQuery): boolean {
  return text !== "" || kind !== null || (namespace !== null && order.by !== "name");
}
