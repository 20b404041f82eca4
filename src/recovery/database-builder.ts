import { Database } from "bun:sqlite";
import { closeSync, fsyncSync, openSync } from "node:fs";
import { mapBounded } from "../lib/async/map-bounded.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { referencesOf } from "../oci/manifest-references.ts";
import { migrate } from "../storage/sqlite/migrate.ts";
import { type Cell, columnsOf, findKeptTable, keySql, putRowSql } from "./kept-tables.ts";
import type { StoreRecord } from "./store-record.ts";

/** The first ones of many things, and their number. */
export type Listed = { readonly first: readonly string[]; readonly count: number };

/** What a finished database holds, and which files are missing beside it. */
export type BuiltStore = {
  readonly repositories: number;
  readonly manifests: number;
  readonly tags: number;
  /** Files that a manifest names. */
  readonly blobs: number;
  /** Tags whose manifests are nowhere: `NAME:TAG`. */
  readonly lostTags: Listed;
  /** Blobs of pushed images whose files are not here: `NAME:TAG DIGEST`. Those of cached ones come again by themselves. */
  readonly missingBlobs: Listed;
};

/** Rows that are written in one transaction. */
const SLICE = 2000;
/** Blobs that are looked for at once. */
const LOOKS = 16;
/** Of what is missing so many are named. */
const NAMED = 20;

/** Tags that were pushed, each with its manifest, and with those that this one lists. */
const PUSHED = `
  SELECT repository, name, manifest FROM tag WHERE pushed = 1
  UNION SELECT t.repository, t.name, m.digest FROM tag t
    JOIN manifest_reference f ON f.manifest = t.manifest JOIN manifest m ON m.digest = f.digest WHERE t.pushed = 1`;

/** Builds a new database from records and from the files of blobs. */
export class DatabaseBuilder {
  readonly #path: string;
  readonly #database: Database;

  /** Begins a database in the new file `path`. */
  constructor(path: string) {
    this.#path = path;
    this.#database = new Database(path, { create: true, strict: true });
    // The file is of no worth until it is finished.
    this.#database.run("PRAGMA journal_mode = OFF");
    this.#database.run("PRAGMA synchronous = OFF");
    migrate(this.#database, path);
    this.#database.run("PRAGMA foreign_keys = OFF");
  }

  /** Applies records in their order, in one transaction. */
  apply(records: readonly StoreRecord[]): void {
    this.#database.transaction(() => {
      for (const record of records) this.#apply(record);
    })();
  }

  /** Adds what is not known yet, from a source that may be older or newer: of two tags the later one counts. */
  add(records: readonly StoreRecord[]): void {
    this.apply(records.filter((record) => record.kind !== "tag" || this.#isLater(record)));
  }

  /**
   * Takes out what hangs in the air, adds what manifests name, and links the blobs whose sizes `sizeOf` tells. Returns what
   * there is.
   */
  async finish(sizeOf: (digest: Digest) => Promise<number | null>): Promise<BuiltStore> {
    this.#run("DELETE FROM repository_manifest WHERE manifest NOT IN (SELECT digest FROM manifest)");
    const lost = `FROM tag WHERE NOT EXISTS (SELECT 1 FROM repository_manifest r
      WHERE r.repository = tag.repository AND r.manifest = tag.manifest)`;
    const lostTags = this.#list(`SELECT repository || ':' || name AS text ${lost}`);
    this.#run(`DELETE ${lost}`);
    this.#run(
      "DELETE FROM manifest WHERE NOT EXISTS (SELECT 1 FROM repository_manifest r WHERE r.manifest = manifest.digest)",
    );
    await this.#addReferences();
    this.#guessOrigins();
    await this.#linkBlobs(sizeOf);
    return {
      repositories: this.#count("SELECT count(DISTINCT repository) AS n FROM repository_manifest"),
      manifests: this.#count("SELECT count(*) AS n FROM manifest"),
      tags: this.#count("SELECT count(*) AS n FROM tag"),
      blobs: this.#count("SELECT count(*) AS n FROM blob"),
      lostTags,
      missingBlobs: this.#list(
        `SELECT p.repository || ':' || p.name || ' ' || f.digest AS text FROM (${PUSHED}) p
           JOIN manifest m ON m.digest = p.manifest JOIN manifest_reference f ON f.manifest = p.manifest
         WHERE m.media_type NOT LIKE '%index%' AND m.media_type NOT LIKE '%manifest.list%'
           AND NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = f.digest)`,
      ),
    };
  }

  /** Does the database know the blob? To be asked when it is finished. */
  hasBlob(digest: Digest): boolean {
    return this.#database.query<unknown, [string]>("SELECT 1 FROM blob WHERE digest = ?").get(digest) !== null;
  }

  /** Gives the database the store's identity, and makes it durable. */
  close(identity: { readonly id: string; readonly generation: number }): void {
    this.#run("UPDATE store SET id = ?, generation = ?, closed = 1", identity.id, identity.generation);
    this.#database.close();
    const file = openSync(this.#path, "r");
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  }

  /** Ends without finishing. */
  abandon(): void {
    this.#database.close();
  }

  #isLater({ repository, name, pushed, updatedAtMs }: Extract<StoreRecord, { kind: "tag" }>): boolean {
    const known = this.#database
      .query<{ updated_at: number }, [string, string, number]>(
        "SELECT updated_at FROM tag WHERE repository = ? AND name = ? AND pushed = ?",
      )
      .get(repository, name, pushed);
    return known === null || known.updated_at < updatedAtMs;
  }

  #apply(record: StoreRecord): void {
    switch (record.kind) {
      case "manifest":
        return this.#run(
          "INSERT INTO manifest (digest, media_type, bytes) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
          record.digest,
          record.mediaType,
          Buffer.from(record.bytes, "base64"),
        );
      case "held":
        return this.#run(
          `INSERT INTO repository_manifest (repository, manifest, subject, added_at, orphaned_at, pushed, used_at, pulled_at)
             VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, 1), CASE WHEN ?7 > 0 THEN ?7 ELSE ?8 END, coalesce(?7, 0))
           ON CONFLICT DO UPDATE SET orphaned_at = excluded.orphaned_at, pushed = coalesce(?6, pushed),
             pulled_at = coalesce(?7, pulled_at), used_at = CASE WHEN ?6 IS NULL OR used_at >= 0 THEN used_at ELSE added_at END`,
          record.repository,
          record.manifest,
          record.subject,
          record.addedAtMs,
          record.orphanedAtMs,
          record.pushed,
          record.pulledAtMs,
          // Of which nobody knows whether it was pushed is marked by this until all is there (`#guessOrigins`).
          record.pushed === null ? -1 : record.addedAtMs,
        );
      case "dropped":
        this.#run("DELETE FROM tag WHERE repository = ? AND manifest = ?", record.repository, record.manifest);
        return this.#run(
          "DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?",
          record.repository,
          record.manifest,
        );
      case "tag":
        return this.#run(
          `INSERT INTO tag (repository, name, pushed, manifest, updated_at, checked_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET manifest = excluded.manifest, updated_at = excluded.updated_at,
             checked_at = excluded.checked_at`,
          record.repository,
          record.name,
          record.pushed,
          record.manifest,
          record.updatedAtMs,
          record.checkedAtMs,
        );
      case "untagged":
        return this.#run(
          "DELETE FROM tag WHERE repository = ? AND name = ? AND pushed = ?",
          record.repository,
          record.name,
          record.pushed,
        );
      case "setting":
        if (record.value === null) return this.#run("DELETE FROM setting WHERE key = ?", record.key);
        return this.#run(
          "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
          record.key,
          record.value,
        );
      case "row":
        return this.#putRow(record.table, record.row);
      case "gone":
        return this.#deleteRow(record.table, record.key);
      case "begin":
      case "end":
        return;
    }
    record satisfies never;
  }

  /** What this larder does not know, of a newer one, is left out. */
  #putRow(name: string, row: Readonly<Record<string, Cell>>): void {
    const table = findKeptTable(name);
    const columns = table === null ? [] : columnsOf(table).filter((column) => column in row);
    const sql = table === null ? null : putRowSql(table, columns);
    if (sql !== null) this.#run(sql, ...columns.map((column) => row[column] ?? null));
  }

  #deleteRow(name: string, key: Readonly<Record<string, Cell>>): void {
    const table = findKeptTable(name);
    if (table === null) return;
    this.#run(`DELETE FROM ${name} WHERE ${keySql(table)}`, ...table.key.map((column) => key[column] ?? null));
  }

  /** What no record tells whether it was pushed: a cached tag, or an index that was cached, says that it was not. */
  #guessOrigins(): void {
    const hasTag = (pushed: 0 | 1) => `EXISTS (SELECT 1 FROM tag t WHERE t.repository = repository_manifest.repository
      AND t.manifest = repository_manifest.manifest AND t.pushed = ${pushed})`;
    const isListed = `EXISTS (SELECT 1 FROM manifest_reference f CROSS JOIN repository_manifest p
      ON p.repository = repository_manifest.repository AND p.manifest = f.manifest
      WHERE f.digest = repository_manifest.manifest AND p.pushed = 0)`;
    for (const isCached of [hasTag(0), isListed]) {
      this.#run(`UPDATE repository_manifest SET pushed = 0 WHERE used_at = -1 AND ${isCached} AND NOT ${hasTag(1)}`);
    }
    this.#run("UPDATE repository_manifest SET used_at = added_at WHERE used_at = -1");
    this.#run(`UPDATE tag SET pulled_at = (SELECT pulled_at FROM repository_manifest r
      WHERE r.repository = tag.repository AND r.manifest = tag.manifest)`);
  }

  async #addReferences(): Promise<void> {
    const next = this.#database.query<
      { rowid: number; digest: string; media_type: string; bytes: Uint8Array },
      [number]
    >("SELECT rowid, digest, media_type, bytes FROM manifest WHERE rowid > ? ORDER BY rowid LIMIT 100");
    for (let rows = next.all(-1); rows.length > 0; rows = next.all(rows.at(-1)?.rowid ?? 0)) {
      this.#database.transaction(() => {
        for (const { digest, media_type, bytes } of rows) {
          for (const named of namedBy(bytes, media_type)) {
            this.#run(
              "INSERT INTO manifest_reference (manifest, digest) VALUES (?, ?) ON CONFLICT DO NOTHING",
              digest,
              named,
            );
          }
        }
      })();
      await Bun.sleep(0);
    }
  }

  async #linkBlobs(sizeOf: (digest: Digest) => Promise<number | null>): Promise<void> {
    const next = this.#database.query<{ digest: string }, [string]>(
      `SELECT DISTINCT digest FROM manifest_reference WHERE digest > ? ORDER BY digest LIMIT ${SLICE}`,
    );
    for (let rows = next.all(""); rows.length > 0; rows = next.all(rows.at(-1)?.digest ?? "")) {
      const sizes = await mapBounded(rows, LOOKS, ({ digest }) => sizeOf(digest as Digest));
      this.#database.transaction(() => {
        for (const [index, { digest }] of rows.entries()) this.#linkBlob(digest as Digest, sizes[index] ?? null);
      })();
      await Bun.sleep(0);
    }
  }

  #linkBlob(digest: Digest, size: number | null): void {
    if (size === null) return;
    this.#run("INSERT INTO blob (digest, size) VALUES (?, ?) ON CONFLICT DO NOTHING", digest, size);
    this.#run(
      `INSERT INTO repository_blob (repository, digest, touched_at)
       SELECT DISTINCT r.repository, f.digest, 0 FROM manifest_reference f
         JOIN repository_manifest r ON r.manifest = f.manifest WHERE f.digest = ? ON CONFLICT DO NOTHING`,
      digest,
    );
  }

  #run(sql: string, ...values: (string | number | null | Uint8Array)[]): void {
    this.#database.query(sql).run(...values);
  }

  #list(sql: string): Listed {
    const first = this.#database.query<{ text: string }, []>(`${sql} ORDER BY text LIMIT ${NAMED}`).all();
    return { first: first.map(({ text }) => text), count: this.#count(`SELECT count(*) AS n FROM (${sql})`) };
  }

  #count(sql: string): number {
    return this.#database.query<{ n: number }, []>(sql).get()?.n ?? 0;
  }
}

/** What a manifest holds on to; nothing when it cannot be understood, which is no reason to lose it. */
function namedBy(bytes: Uint8Array, mediaType: string): readonly Digest[] {
  try {
    return referencesOf(parseManifest(bytes, mediaType));
  } catch {
    return [];
  }
}
