import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { LocatedTag, TagIndex, TagOrder, TagPlace, TagQuery } from "../metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { type TagRow, toTag } from "./sqlite-rows.ts";

/** Tags that one call looks at: a few milliseconds. */
const SLICE_TAGS = 5000;
/** Behind the names of all repositories. */
const LAST_NAME = "\u{10ffff}";

/** A row's place: `updated_at` counts in one of the orders alone. */
type PlaceRow = { repository: string; name: string; pushed: number; updated_at: number; pulled_at: number };
type Value = string | number;

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
    const [first, last] = boundsOf(query);
    const from = query.after === null ? first : later(order, first, placeRow(query.after));
    // Where every tag matches, the limit is bound enough.
    const end = isSearch(query) ? this.#endOfSlice(order, from, last) : null;
    const rows = this.#meantIn(query, from, end);
    const tags = rows.slice(0, limit).map((row) => ({ ...toTag(row), repository: row.repository as RepositoryName }));
    const shown = tags.at(-1);
    const isLast = rows.length > limit || (shown?.repository === end?.repository && shown?.tag === end?.name);
    // Its pushed and its cached row are one tag: what is shown is passed by with both.
    if (shown !== undefined && isLast)
      return { tags, next: { ...shown, kind: order.descending ? "cached" : "pushed" } };
    return { tags, next: end === null ? null : toPlace(end) };
  }

  /** The place of the last tag of the slice; null when the slice reaches the end. */
  #endOfSlice(order: TagOrder, from: PlaceRow, last: PlaceRow): PlaceRow | null {
    const columns = columnsOf(order);
    const behind = `(${columns.join(", ")}) ${order.descending ? "<" : ">"} (${columns.map(() => "?").join(", ")})`;
    const sql = `SELECT repository, name, pushed, updated_at, pulled_at FROM tag WHERE ${behind}
      ORDER BY ${orderSql(order)} LIMIT 1 OFFSET ${this.#sliceTags - 1}`;
    const end = this.#database.query<PlaceRow, Value[]>(sql).get(...keyOf(order, from));
    return end === null || later(order, end, last) === end ? null : end;
  }

  /** One more than the limit, if there are so many. */
  #meantIn(query: TagQuery, from: PlaceRow, end: PlaceRow | null): (TagRow & { repository: string })[] {
    const { order, text, kind, namespace } = query;
    const [, last] = boundsOf(query);
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

/** The columns of the orders by time, each of which has an index. */
const TIMES = { updated: "updated_at", pulled: "pulled_at" } as const;

function columnsOf({ by }: TagOrder): readonly string[] {
  return [...(by === "name" ? [] : [TIMES[by]]), "repository", "name", "pushed"];
}

function keyOf({ by }: TagOrder, place: PlaceRow): readonly Value[] {
  const { repository, name, pushed } = place;
  return [...(by === "name" ? [] : [place[TIMES[by]]]), repository, name, pushed];
}

/** From behind one place on, up to another, in the order's direction. */
function rangeSql(order: TagOrder, upTo: "<" | "<="): string {
  const columns = columnsOf(order);
  const [key, place] = [`(${columns.join(", ")})`, `(${columns.map(() => "?").join(", ")})`];
  const [behind, before] = order.descending ? ["<", upTo.replace("<", ">")] : [">", upTo];
  return `WHERE ${key} ${behind} ${place} AND ${key} ${before} ${place}`;
}

function orderSql(order: TagOrder): string {
  return columnsOf(order)
    .map((column) => (order.descending ? `${column} DESC` : column))
    .join(", ");
}

/** Before all that may be meant, and behind it. */
function boundsOf({ order, namespace }: TagQuery): readonly [PlaceRow, PlaceRow] {
  // In the order of time a namespace lies anywhere.
  const held = order.by === "name" ? namespace : null;
  const low = { repository: firstName(held), name: "", pushed: -1, updated_at: -1, pulled_at: -1 };
  const latest = Number.MAX_SAFE_INTEGER;
  const high = { repository: lastName(held), name: "", pushed: -1, updated_at: latest, pulled_at: latest };
  return order.descending ? [high, low] : [low, high];
}

function firstName(namespace: Namespace | null): string {
  return namespace === null ? "" : `${namespace}/`;
}

/** "0" is the character after "/": between `quay.io/` and `quay.io0` lies just that namespace. */
function lastName(namespace: Namespace | null): string {
  return namespace === null ? LAST_NAME : `${namespace}0`;
}

/** The one of two places that comes later in the order. */
function later(order: TagOrder, a: PlaceRow, b: PlaceRow): PlaceRow {
  const [keyA, keyB] = [keyOf(order, a), keyOf(order, b)];
  const at = keyA.findIndex((value, index) => value !== keyB[index]);
  const isALower = compare(keyA[at] ?? 0, keyB[at] ?? 0) < 0;
  return isALower === order.descending ? a : b;
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function placeRow({ repository, tag, kind, updatedAtMs, pulledAtMs }: TagPlace): PlaceRow {
  const times = { updated_at: updatedAtMs, pulled_at: pulledAtMs ?? 0 };
  return { repository, name: tag, pushed: kind === "pushed" ? 1 : 0, ...times };
}

function toPlace({ repository, name, pushed, updated_at, pulled_at }: PlaceRow): TagPlace {
  return {
    repository: repository as RepositoryName,
    tag: name as Tag,
    kind: pushed === 1 ? "pushed" : "cached",
    updatedAtMs: updated_at,
    pulledAtMs: pulled_at === 0 ? null : pulled_at,
  };
}
