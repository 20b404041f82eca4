import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import {
  type HeldPull,
  type NewRecording,
  type NotedPull,
  type RecordedImage,
  type RecordedPlace,
  type RecordedPull,
  type RecordedPullStore,
  type Recording,
  type RecordingChange,
  type RecordingListener,
  type RecordingStore,
  RECORDINGS_LIMIT,
} from "../recordings.ts";
import { tooManyRecordings } from "../recordings-limit.ts";
import { Subscribers } from "../subscribers.ts";
import { rememberRow } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import { noteRecordedPull } from "./note-recorded-pull.ts";

/** Rows that go in one transaction: some milliseconds. */
const SLICE = 300;
/** Rows that are read at once. */
const PAGE = 500;
/** An index of indexes is looked through so far. */
const DEPTH = 3;

type RecordingRow = Omit<Recording, "networks"> & { readonly networks: string };
type PullRow = Omit<RecordedPull, "tag" | "from"> & { readonly tag: string; readonly source: string | null };

const PULL = "p.repository, p.tag, p.digest, p.kind, p.size AS sizeBytes, p.at AS atMs, p.who, p.source";
const RECORDING = `SELECT id, name, started_at AS startedAtMs, stopped_at AS stoppedAtMs, who, networks, full_at AS fullAtMs,
  coalesce((SELECT images FROM recording_tally t WHERE t.recording = r.id), 0) AS images FROM recording r`;

/** Recordings in SQLite. Nobody else has the database, so all changes are made here. */
export class SqliteRecordings implements RecordingStore, RecordedPullStore {
  readonly #database: SqliteDatabase;
  readonly #turns: Turns;
  readonly #subscribers = new Subscribers<[RecordingChange]>();

  constructor(database: SqliteDatabase, turns: Turns) {
    this.#database = database;
    this.#turns = turns;
  }

  start(recording: NewRecording, goesOn: boolean): Promise<Recording | null> {
    const { name } = recording;
    return this.#database.durably(() => {
      const known = this.#find(name);
      if (known !== null && (known.stoppedAtMs === null || !goesOn)) return null;
      if (known === null) this.#insert(recording);
      else this.#reopen(known.id, recording.networks);
      this.#tellAfterwards("started", name);
      return this.#find(name);
    });
  }

  stop(name: string, atMs: number): Promise<Recording | null> {
    return this.#database.durably(() => {
      const known = this.#find(name);
      if (known === null || known.stoppedAtMs !== null) return known;
      rememberRow(this.#database, "recording", [known.id]);
      this.#database
        .query<null, [number, number]>("UPDATE recording SET stopped_at = ? WHERE id = ?")
        .run(atMs, known.id);
      this.#tellAfterwards("stopped", name);
      return { ...known, stoppedAtMs: atMs };
    });
  }

  async remove(name: string): Promise<boolean> {
    const wasThere = await this.#database.freeing(() => {
      const known = this.#find(name);
      if (known === null) return false;
      rememberRow(this.#database, "recording", [known.id]);
      this.#database.query<null, [number]>("DELETE FROM recording WHERE id = ?").run(known.id);
      this.#tellAfterwards("removed", name);
      return true;
    });
    if (wasThere) await this.#removeRows();
    return wasThere;
  }

  async list(): Promise<readonly Recording[]> {
    return this.#database.query<RecordingRow, []>(`${RECORDING} ORDER BY name`).all().map(toRecording);
  }

  subscribe(listener: RecordingListener): () => void {
    return this.#subscribers.add(listener);
  }

  async note(recording: number, pulls: readonly NotedPull[]): Promise<void> {
    this.#database.lightly(() => {
      const sql = "SELECT name FROM recording WHERE id = ?";
      const name = this.#database.query<{ name: string }, [number]>(sql).get(recording)?.name;
      if (name === undefined) return;
      for (const pull of pulls) noteRecordedPull(this.#database, recording, pull);
      this.#tellAfterwards("pulls", name);
    });
  }

  async listImages(
    recording: number,
    { text, after, limit }: { text: string; after: RecordedPlace | null; limit: number },
  ): Promise<readonly RecordedImage[]> {
    const work = this.#turns.begin();
    const found: RecordedImage[] = [];
    for (let place = after; ; ) {
      const rows = this.#rowsAfter(recording, place);
      for (const row of rows) {
        if (row.hidden === 1 || !nameOf(row).includes(text)) continue;
        const { hidden: _, ...image } = row;
        found.push({ ...toPull(image), parts: this.#partsOf(recording, row, DEPTH) });
        if (found.length === limit) return found;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return found;
      place = toPull(last);
      await work.rest();
    }
  }

  async listHeld(after: HeldPull | null, limit: number): Promise<readonly HeldPull[]> {
    return this.#database
      .query<
        { recording: number; repository: string; tag: string; digest: string },
        [number, string, string, string, number]
      >(
        `SELECT p.recording, p.repository, p.tag, p.digest FROM recorded_pull p CROSS JOIN recording r ON r.id = p.recording
         WHERE (p.recording, p.repository, p.tag, p.digest) > (?, ?, ?, ?)
         ORDER BY p.recording, p.repository, p.tag, p.digest LIMIT ?`,
      )
      .all(after?.recording ?? -1, after?.repository ?? "", after?.tag ?? "", after?.digest ?? "", limit)
      .map(({ recording, repository, tag, digest }) => ({
        recording,
        repository: repository as RepositoryName,
        tag: tag === "" ? null : (tag as Tag),
        digest: digest as Digest,
      }));
  }

  #rowsAfter(recording: number, place: RecordedPlace | null): readonly (PullRow & { readonly hidden: number })[] {
    return this.#database
      .query<PullRow & { hidden: number }, [number, string, string, string]>(
        `SELECT ${PULL}, p.platform, p.hidden FROM recorded_pull p
         WHERE p.recording = ? AND (p.repository, p.tag, p.digest) > (?, ?, ?)
         ORDER BY p.repository, p.tag, p.digest LIMIT ${PAGE}`,
      )
      .all(recording, place?.repository ?? "", place?.tag ?? "", place?.digest ?? "");
  }

  #find(name: string): Recording | null {
    const row = this.#database.query<RecordingRow, [string]>(`${RECORDING} WHERE name = ?`).get(name);
    return row === null ? null : toRecording(row);
  }

  #insert({ name, startedAtMs, who, networks }: NewRecording): void {
    const count = this.#database.query<{ n: number }, []>("SELECT count(*) AS n FROM recording").get()?.n ?? 0;
    if (count >= RECORDINGS_LIMIT) throw tooManyRecordings();
    // What a recording leaves that was removed must not become another's.
    const last = this.#database
      .query<{ id: number }, []>(
        `SELECT max(coalesce((SELECT max(id) FROM recording), 0), coalesce((SELECT max(recording) FROM recorded_pull), 0),
           coalesce((SELECT max(recording) FROM recorded_part), 0)) AS id`,
      )
      .get();
    const id = (last?.id ?? 0) + 1;
    rememberRow(this.#database, "recording", [id]);
    this.#database
      .query<null, [number, string, number, string | null, string]>(
        "INSERT INTO recording (id, name, started_at, who, networks) VALUES (?, ?, ?, ?, ?)",
      )
      .run(id, name, startedAtMs, who, JSON.stringify(networks));
  }

  #reopen(id: number, networks: readonly string[]): void {
    rememberRow(this.#database, "recording", [id]);
    this.#database
      .query<null, [string, number]>("UPDATE recording SET stopped_at = NULL, networks = ? WHERE id = ?")
      .run(JSON.stringify(networks), id);
  }

  #partsOf(recording: number, index: PullRow, depth: number): readonly RecordedPull[] {
    if (index.kind !== "index") return [];
    const rows = this.#database
      .query<PullRow, [number, string, string]>(
        `SELECT ${PULL}, coalesce(l.platform, p.platform) AS platform FROM recorded_part l
         CROSS JOIN recorded_pull p ON p.recording = l.recording AND p.repository = l.repository AND p.tag = ''
           AND p.digest = l.part
         WHERE l.recording = ? AND l.repository = ? AND l.digest = ? ORDER BY l.part`,
      )
      .all(recording, index.repository, index.digest);
    return rows.flatMap((row) => {
      const inner = depth > 1 ? this.#partsOf(recording, row, depth - 1) : [];
      return inner.length > 0 ? inner : [toPull(row)];
    });
  }

  /** Rows of recordings that are gone, also those that a larder left which was killed. */
  async #removeRows(): Promise<void> {
    const work = this.#turns.begin();
    for (const table of ["recorded_part", "recorded_pull"] as const) {
      const next = `SELECT recording AS id FROM ${table} WHERE recording > ? ORDER BY recording LIMIT 1`;
      for (let id = 0; ; ) {
        const found = this.#database.query<{ id: number }, [number]>(next).get(id);
        if (found === null) break;
        ({ id } = found);
        if (this.#isThere(id)) continue;
        while (this.#removeSlice(table, id) > 0) await work.rest();
      }
    }
  }

  #isThere(id: number): boolean {
    return this.#database.query<unknown, [number]>("SELECT 1 FROM recording WHERE id = ?").get(id) !== null;
  }

  #removeSlice(table: "recorded_part" | "recorded_pull", id: number): number {
    const columns = table === "recorded_part" ? "(repository, digest, part)" : "(repository, tag, digest)";
    const list = columns.slice(1, -1);
    const sql = `DELETE FROM ${table} WHERE recording = ?1 AND ${columns} IN
      (SELECT ${list} FROM ${table} WHERE recording = ?1 LIMIT ${SLICE})`;
    return this.#database.transact(() => this.#database.query<null, [number]>(sql).run(id).changes);
  }

  #tellAfterwards(kind: RecordingChange["kind"], name: string): void {
    this.#database.afterwards(() => this.#subscribers.tell({ kind, name }));
  }
}

function toRecording({ networks, ...row }: RecordingRow): Recording {
  return { ...row, networks: JSON.parse(networks) as readonly string[] };
}

function nameOf({ repository, tag, digest }: PullRow): string {
  return tag === "" ? `${repository}@${digest}` : `${repository}:${tag}@${digest}`;
}

function toPull({ tag, source, ...row }: PullRow): RecordedPull {
  return { ...row, tag: tag === "" ? null : (tag as Tag), from: source };
}
