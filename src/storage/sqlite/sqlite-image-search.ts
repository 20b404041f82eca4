import type { Turns } from "../../lib/async/turns.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import {
  type FoundPage,
  type FoundTag,
  type ImageFilter,
  type ImageMeasure,
  type ImageOrder,
  type ImageSearchStore,
  RANKS,
  type RepositoryTally,
  SEARCH_LIMIT_TAGS,
} from "../image-search.ts";
import { type Condition, conditionsOf, rankSql } from "./image-filter-sql.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { type TagRow, toTag } from "./sqlite-rows.ts";
import {
  boundsOf,
  endOfSlice,
  keyOf,
  orderSql,
  type PlaceRow,
  rangeSql,
  type TagSequence,
  type Value,
} from "./sqlite-tag-order.ts";

/** Tags that one step looks at: some milliseconds. */
const SLICE_TAGS = 5000;

type FoundRow = TagRow & {
  repository: string;
  size: number;
  platforms: string;
  signed: number;
  covers: number;
};
type MeantRow = Place & { pushed: number; updated_at: number; pulled_at: number; rank: number };
type Place = { repository: string; name: string; manifest: string };
/** A stretch of the order, and how many of each rank are meant in it. */
type Slice = {
  readonly from: PlaceRow;
  readonly to: PlaceRow;
  readonly isLast: boolean;
  readonly counts: readonly number[];
};
type Question = { readonly filter: ImageFilter; readonly sequence: TagSequence; readonly ranked: boolean };
type Tallied = { repository: string; tags: number; pushed: number; updated: number; pulled: number };

/**
 * Looks through all tags in the order that is asked for, slice by slice: how many are meant in each tells how many there are, and
 * in which slices the page lies. A hundred thousand take some 30 ms, so that an index of the parts of names, which every push
 * would pay for, is not worth it.
 */
export class SqliteImageSearch implements ImageSearchStore {
  readonly #database: SqliteDatabase;
  readonly #turns: Turns;
  readonly #sliceTags: number;
  readonly #limitTags: number;

  constructor(database: SqliteDatabase, turns: Turns, sliceTags = SLICE_TAGS, limitTags = SEARCH_LIMIT_TAGS) {
    this.#database = database;
    this.#turns = turns;
    this.#sliceTags = sliceTags;
    this.#limitTags = limitTags;
  }

  async find(
    filter: ImageFilter,
    { by, descending }: ImageOrder,
    { offset, limit }: { readonly offset: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<FoundPage> {
    const ranked = by === "match";
    const sequence = { by: by === "match" ? "name" : by, descending } as const;
    const question = { filter, sequence, ranked };
    const { slices, isCut } = await this.#cut(question, signal);
    const total = slices.reduce((sum, { counts }) => sum + counts.reduce((a, b) => a + b, 0), 0);
    const tags: FoundTag[] = [];
    let skip = offset;
    for (let rank = 0; rank < (ranked ? RANKS : 1); rank++) {
      for (const slice of slices) {
        const here = slice.counts[rank] ?? 0;
        if (tags.length >= limit) return { tags, total, isCut };
        if (skip < here) tags.push(...this.#page(question, slice, ranked ? rank : null, [skip, limit - tags.length]));
        skip = Math.max(0, skip - here);
      }
    }
    return { tags, total, isCut };
  }

  async tally(filter: ImageFilter, signal: AbortSignal) {
    const question = { filter, sequence: { by: "name", descending: false }, ranked: false } as const;
    const tallied: Tallied[] = [];
    const isCut = await this.#walk(question, signal, (from, to, isLast) => {
      const rows =
        filter.isMeant === null ? this.#groups(question, from, to, isLast) : this.#grouped(question, from, to, isLast);
      for (const row of rows) add(tallied, row);
    });
    const sizes = this.#database.query<{ bytes: number }, [string]>(
      "SELECT bytes FROM repository_size WHERE repository = ?",
    );
    const repositories: RepositoryTally[] = tallied.map(({ repository, tags, pushed, updated, pulled }) => ({
      repository: repository as RepositoryName,
      tags,
      pushedTags: pushed,
      updatedAtMs: updated,
      pulledAtMs: pulled === 0 ? null : pulled,
      bytes: sizes.get(repository)?.bytes ?? 0,
    }));
    return { repositories, isCut };
  }

  async listUnmeasured(limit: number) {
    const sql = `${FOUND} WHERE t.size < 0 ORDER BY t.size LIMIT ?`;
    const tags = this.#database.query<FoundRow, [number]>(sql).all(limit).map(toFound);
    const count = "SELECT count(*) AS n FROM tag WHERE size < 0";
    return { tags, total: this.#database.query<{ n: number }, []>(count).get()?.n ?? 0 };
  }

  async noteMeasures(measures: readonly (FoundTag & { readonly measure: ImageMeasure })[]): Promise<void> {
    const note = this.#database.query<null, Value[]>(
      `UPDATE tag SET size = ?, platforms = ?, signed = ?
       WHERE repository = ? AND name = ? AND pushed = ? AND size = ? AND manifest = ?`,
    );
    this.#database.lightly(() => {
      for (const { measure, repository, tag, kind, mark, digest } of measures) {
        const { sizeBytes, platforms, isSigned } = measure;
        const found = [repository, tag, kind === "pushed" ? 1 : 0, mark, digest];
        note.run(sizeBytes, platforms.join(","), isSigned ? 1 : 0, ...found);
      }
    });
  }

  /** All slices, with what is meant in them. Is it cut short? */
  async #cut(question: Question, signal: AbortSignal): Promise<{ slices: readonly Slice[]; isCut: boolean }> {
    const slices: Slice[] = [];
    const isCut = await this.#walk(question, signal, (from, to, isLast) => {
      const counts = this.#count(question, from, to, isLast);
      if (counts.some((count) => count > 0)) slices.push({ from, to, isLast, counts });
    });
    return { slices, isCut };
  }

  /** Goes through the order. True: there was more than one question may look at. */
  async #walk(
    { filter, sequence }: Question,
    signal: AbortSignal,
    look: (from: PlaceRow, to: PlaceRow, isLast: boolean) => void,
  ): Promise<boolean> {
    signal.throwIfAborted();
    const work = this.#turns.begin(signal);
    const [first, last] = boundsOf(sequence, filter.namespace);
    let from = first;
    for (let looked = 0; looked < this.#limitTags; looked += this.#sliceTags) {
      const end = endOfSlice(this.#database, sequence, [from, last], this.#sliceTags);
      look(from, end ?? last, end === null);
      if (end === null) return false;
      from = end;
      await work.rest();
    }
    return true;
  }

  #count(question: Question, from: PlaceRow, to: PlaceRow, isLast: boolean): readonly number[] {
    const { filter, ranked } = question;
    const counts = Array.from({ length: ranked ? RANKS : 1 }, () => 0);
    const rank = ranked ? rankSql(filter.words) : ZERO;
    if (filter.isMeant !== null) {
      for (const row of this.#rows(question, from, to, isLast, rank)) {
        if (isMeant(filter, row)) counts[row.rank] = (counts[row.rank] ?? 0) + 1;
      }
      return counts;
    }
    const { where, values } = whereOf(question, isLast);
    const sql = `SELECT ${rank.sql} AS rank, count(*) AS n FROM tag t ${where} GROUP BY 1`;
    const rows = this.#database
      .query<{ rank: number; n: number }, Value[]>(sql)
      .all(...rank.values, ...keysOf(question, from, to), ...values);
    for (const { rank: at, n } of rows) counts[at] = n;
    return counts;
  }

  #page(
    question: Question,
    { from, to, isLast }: Slice,
    rank: number | null,
    [skip, limit]: readonly [number, number],
  ): readonly FoundTag[] {
    const { filter, sequence } = question;
    const ranked = rank === null ? null : rankSql(filter.words);
    const isRank = ranked === null ? [] : [{ sql: `${ranked.sql} = ?`, values: [...ranked.values, rank ?? 0] }];
    const { where, values } = whereOf(question, isLast, isRank);
    // Where only the code knows what is meant, the slice is read whole.
    const isKnown = filter.isMeant === null;
    const some = isKnown ? " LIMIT ? OFFSET ?" : "";
    const meant = `SELECT t.repository, t.name, t.pushed FROM tag t ${where} ORDER BY ${orderSql(sequence, "t.")}${some}`;
    const sql = `${FOUND.replace("FROM tag t", `FROM (${meant}) CROSS JOIN tag t USING (repository, name, pushed)`)} ORDER BY ${orderSql(sequence, "t.")}`;
    const rows = this.#database
      .query<FoundRow, Value[]>(sql)
      .all(...keysOf(question, from, to), ...values, ...(isKnown ? [limit, skip] : []));
    if (isKnown) return rows.map(toFound);
    return rows
      .filter((row) => isMeant(filter, row))
      .slice(skip, skip + limit)
      .map(toFound);
  }

  #groups(question: Question, from: PlaceRow, to: PlaceRow, isLast: boolean): readonly Tallied[] {
    const { where, values } = whereOf(question, isLast);
    const sql = `SELECT t.repository, count(*) AS tags, sum(t.pushed) AS pushed, max(t.updated_at) AS updated,
      max(t.pulled_at) AS pulled FROM tag t ${where} GROUP BY t.repository`;
    return this.#database.query<Tallied, Value[]>(sql).all(...keysOf(question, from, to), ...values);
  }

  #grouped(question: Question, from: PlaceRow, to: PlaceRow, isLast: boolean): readonly Tallied[] {
    const groups: Tallied[] = [];
    for (const row of this.#rows(question, from, to, isLast, ZERO)) {
      if (!isMeant(question.filter, row)) continue;
      const { repository, pushed, updated_at, pulled_at } = row;
      add(groups, { repository, tags: 1, pushed, updated: updated_at, pulled: pulled_at });
    }
    return groups;
  }

  #rows(question: Question, from: PlaceRow, to: PlaceRow, isLast: boolean, rank: Condition): readonly MeantRow[] {
    const { where, values } = whereOf(question, isLast);
    const sql = `SELECT t.repository, t.name, t.manifest, t.pushed, t.updated_at, t.pulled_at, ${rank.sql} AS rank FROM tag t ${where}`;
    return this.#database.query<MeantRow, Value[]>(sql).all(...rank.values, ...keysOf(question, from, to), ...values);
  }
}

const ZERO: Condition = { sql: "0", values: [] };

/** What is shown of a tag. */
const FOUND = `SELECT t.*, t.pushed = 1 AND EXISTS (SELECT 1 FROM tag o INDEXED BY tag_covered
  WHERE o.covered = 1 AND o.repository = t.repository AND o.name = t.name) AS covers FROM tag t`;

function whereOf({ filter, sequence }: Question, isLast: boolean, more: readonly Condition[] = []) {
  const conditions = [...conditionsOf(filter, sequence.by === "name"), ...more];
  const where = [rangeSql(sequence, isLast ? "<" : "<=", "t."), ...conditions.map(({ sql }) => sql)].join(" AND ");
  return { where, values: conditions.flatMap(({ values }) => values) };
}

function keysOf({ sequence }: Question, from: PlaceRow, to: PlaceRow): readonly Value[] {
  return [...keyOf(sequence, from), ...keyOf(sequence, to)];
}

function isMeant({ isMeant }: ImageFilter, { repository, name, manifest }: Place): boolean {
  return isMeant?.(repository as RepositoryName, name as FoundTag["tag"], manifest as FoundTag["digest"]) !== false;
}

/** Adds what was counted of a repository to what came of it before, which was the last. */
function add(tallied: Tallied[], one: Tallied): void {
  const last = tallied.at(-1);
  if (last?.repository !== one.repository) return void tallied.push(one);
  last.tags += one.tags;
  last.pushed += one.pushed;
  last.updated = Math.max(last.updated, one.updated);
  last.pulled = Math.max(last.pulled, one.pulled);
}

function toFound(row: FoundRow): FoundTag {
  const platforms = row.platforms === "" ? [] : row.platforms.split(",");
  return {
    ...toTag(row),
    repository: row.repository as RepositoryName,
    isCovering: row.covers === 1,
    measure: row.size < 0 ? null : { sizeBytes: row.size, platforms, isSigned: row.signed === 1 },
    mark: row.size,
  };
}
