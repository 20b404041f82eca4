import {
  FETCH_JOBS_KEPT,
  type FetchJobStore,
  type StoredFetchImage,
  type StoredFetchJob,
  summaryOfImages,
} from "../fetch-jobs.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";

type Row = Omit<StoredFetchJob, "counts"> & { readonly counts: string; readonly images: string };

const COLUMNS = "id, title, who, started_at AS startedAtMs, ended_at AS endedAtMs, counts, bytes";
const NEWEST_FIRST = "ORDER BY started_at DESC, id";

/** Fetch jobs in SQLite. */
export class SqliteFetchJobs implements FetchJobStore {
  readonly #database: SqliteDatabase;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  put(job: Omit<StoredFetchJob, "counts" | "bytes">, images: readonly StoredFetchImage[]): Promise<void> {
    const { id, title, who, startedAtMs, endedAtMs } = job;
    const { counts, bytes } = summaryOfImages(images);
    const texts = [JSON.stringify(counts), JSON.stringify(images)] as const;
    return this.#database.durably(() => {
      rememberRow(this.#database, "fetch_job", [id]);
      this.#database
        .query<null, (string | number | null)[]>(
          `INSERT INTO fetch_job (id, title, who, started_at, ended_at, bytes, counts, images) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET title = excluded.title, who = excluded.who, started_at = excluded.started_at,
             ended_at = excluded.ended_at, bytes = excluded.bytes, counts = excluded.counts, images = excluded.images`,
        )
        .run(id, title, who, startedAtMs, endedAtMs, bytes, ...texts);
      for (const old of this.#oldIds()) this.#delete(old);
    });
  }

  async list(): Promise<readonly StoredFetchJob[]> {
    const rows = this.#database.query<Row, []>(`SELECT ${COLUMNS} FROM fetch_job ${NEWEST_FIRST}`).all();
    return rows.map(jobOf);
  }

  async get(id: string): Promise<(StoredFetchJob & { readonly images: readonly StoredFetchImage[] }) | null> {
    const sql = `SELECT ${COLUMNS}, images FROM fetch_job WHERE id = ?`;
    const row = this.#database.query<Row, [string]>(sql).get(id);
    return row === null ? null : { ...jobOf(row), images: JSON.parse(row.images) as StoredFetchImage[] };
  }

  remove(id: string): Promise<boolean> {
    return this.#database.freeing(() => this.#delete(id));
  }

  #delete(id: string): boolean {
    rememberRow(this.#database, "fetch_job", [id]);
    return this.#database.query<null, [string]>("DELETE FROM fetch_job WHERE id = ?").run(id).changes > 0;
  }

  #oldIds(): readonly string[] {
    const sql = `SELECT id FROM fetch_job ${NEWEST_FIRST} LIMIT -1 OFFSET ${FETCH_JOBS_KEPT}`;
    return this.#database
      .query<{ id: string }, []>(sql)
      .all()
      .map(({ id }) => id);
  }
}

function jobOf({ id, title, who, startedAtMs, endedAtMs, counts, bytes }: Row): StoredFetchJob {
  return { id, title, who, startedAtMs, endedAtMs, bytes, counts: JSON.parse(counts) as StoredFetchJob["counts"] };
}
