import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { TagPlace } from "../metadata.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

/** An order of all tags, each by an index; tags that are equal in it are in the order of their names. */
export type TagSequence = { readonly by: "name" | keyof typeof KEYS; readonly descending: boolean };
/** A place in it. Of the columns that are not a name's, one counts in each order. */
export type PlaceRow = {
  repository: string;
  name: string;
  pushed: number;
  updated_at: number;
  pulled_at: number;
  size: number;
};
/** What a column has. */
export type Value = string | number;

/** Behind the names of all repositories. */
const LAST_NAME = "\u{10ffff}";

/** The columns of the orders that are not by name, each of which has an index. */
const KEYS = { updated: "updated_at", pulled: "pulled_at", size: "size" } as const;

function columnsOf({ by }: TagSequence): readonly string[] {
  return [...(by === "name" ? [] : [KEYS[by]]), "repository", "name", "pushed"];
}

/** What a place is in its order, for the parameters of `rangeSql`. */
export function keyOf({ by }: TagSequence, place: PlaceRow): readonly Value[] {
  const { repository, name, pushed } = place;
  return [...(by === "name" ? [] : [place[KEYS[by]]]), repository, name, pushed];
}

/** From behind one place on, up to another, in the order's direction; `table` goes before each column. */
export function rangeSql(order: TagSequence, upTo: "<" | "<=", table: "" | "t." = ""): string {
  const columns = columnsOf(order).map((column) => table + column);
  const [key, place] = [`(${columns.join(", ")})`, `(${columns.map(() => "?").join(", ")})`];
  const [behind, before] = order.descending ? ["<", upTo.replace("<", ">")] : [">", upTo];
  return `WHERE ${key} ${behind} ${place} AND ${key} ${before} ${place}`;
}

/** The order, as SQL has it. */
export function orderSql(order: TagSequence, table: "" | "t." = ""): string {
  return columnsOf(order)
    .map((column) => table + (order.descending ? `${column} DESC` : column))
    .join(", ");
}

/** The place of the last of so many tags behind a place; null when there are fewer up to `last`. */
export function endOfSlice(
  database: SqliteDatabase,
  order: TagSequence,
  [from, last]: readonly [PlaceRow, PlaceRow],
  tags: number,
): PlaceRow | null {
  const columns = columnsOf(order);
  const behind = `(${columns.join(", ")}) ${order.descending ? "<" : ">"} (${columns.map(() => "?").join(", ")})`;
  const sql = `SELECT repository, name, pushed, updated_at, pulled_at, size FROM tag WHERE ${behind}
    ORDER BY ${orderSql(order)} LIMIT 1 OFFSET ${tags - 1}`;
  const end = database.query<PlaceRow, Value[]>(sql).get(...keyOf(order, from));
  return end === null || later(order, end, last) === end ? null : end;
}

/** Before all that may be meant, and behind it. */
export function boundsOf(order: TagSequence, namespace: Namespace | null): readonly [PlaceRow, PlaceRow] {
  // In the order of time a namespace lies anywhere.
  const held = order.by === "name" ? namespace : null;
  const latest = Number.MAX_SAFE_INTEGER;
  const low = { repository: firstName(held), name: "", pushed: -1, updated_at: -1, pulled_at: -1, size: -latest };
  const high = {
    repository: lastName(held),
    name: "",
    pushed: -1,
    updated_at: latest,
    pulled_at: latest,
    size: latest,
  };
  return order.descending ? [high, low] : [low, high];
}

/** Before the names of a namespace, or of all. */
export function firstName(namespace: Namespace | null): string {
  return namespace === null ? "" : `${namespace}/`;
}

/** "0" is the character after "/": between `quay.io/` and `quay.io0` lies just that namespace. */
export function lastName(namespace: Namespace | null): string {
  return namespace === null ? LAST_NAME : `${namespace}0`;
}

/** The one of two places that comes later in the order. */
export function later(order: TagSequence, a: PlaceRow, b: PlaceRow): PlaceRow {
  const [keyA, keyB] = [keyOf(order, a), keyOf(order, b)];
  const at = keyA.findIndex((value, index) => value !== keyB[index]);
  const isALower = compare(keyA[at] ?? 0, keyB[at] ?? 0) < 0;
  return isALower === order.descending ? a : b;
}

function compare(a: Value, b: Value): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

/** The row of a place. */
export function placeRow({ repository, tag, kind, updatedAtMs, pulledAtMs }: TagPlace): PlaceRow {
  const times = { updated_at: updatedAtMs, pulled_at: pulledAtMs ?? 0, size: 0 };
  return { repository, name: tag, pushed: kind === "pushed" ? 1 : 0, ...times };
}

/** The place of a row. */
export function toPlace({ repository, name, pushed, updated_at, pulled_at }: PlaceRow): TagPlace {
  return {
    repository: repository as RepositoryName,
    tag: name as Tag,
    kind: pushed === 1 ? "pushed" : "cached",
    updatedAtMs: updated_at,
    pulledAtMs: pulled_at === 0 ? null : pulled_at,
  };
}
