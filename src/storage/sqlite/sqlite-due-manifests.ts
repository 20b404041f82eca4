import { NO_CAUSE } from "../events.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { LOOK_AGAIN_MS, type LeftBehindAges } from "../left-behind.ts";
import { markOrphans, releaseAttached, stampLeftBehind } from "./mark-orphans.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteEvents } from "./sqlite-events.ts";
import { isNamed, partsOf } from "./sqlite-naming.ts";
import type { Collected, WorkList } from "./work-list.ts";

type LeftBehind = { readonly repository: string; readonly manifest: string; readonly since: number };

/** What the repository says of it. */
type Held = { readonly pushed: number; readonly usedAtMs: number; readonly subject: string | null };

/** What decides on what a tag left behind; see `LeftBehindStore.removeLeftBehind`. */
export type LeftBehindLimits = {
  readonly ages: LeftBehindAges;
  readonly nowMs: number;
  readonly isKept: (repository: RepositoryName, digest: Digest) => boolean;
};

const NOTHING: Collected = { manifests: 0, links: 0 };

/** Manifests that a tag left behind and that are to be looked at now: they go, or are looked at again when they may. */
export class SqliteDueManifests implements WorkList<LeftBehind> {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;
  readonly #limits: LeftBehindLimits;
  /** Was anything released that may have become an orphan, though nothing went by itself? */
  hasReleased = false;

  constructor(database: SqliteDatabase, events: SqliteEvents, limits: LeftBehindLimits) {
    this.#database = database;
    this.#events = events;
    this.#limits = limits;
  }

  next(): LeftBehind | null {
    const { nowMs } = this.#limits;
    const columns = "SELECT repository, manifest, since FROM left_behind WHERE look_at";
    const due = this.#database.query<LeftBehind, [number]>(`${columns} <= ? ORDER BY look_at LIMIT 1`).get(nowMs);
    // No clock that was right would have put it off for so long.
    const strayed = () => this.#database.query<LeftBehind, [number]>(`${columns} > ? LIMIT 1`);
    return due ?? strayed().get(nowMs + LOOK_AGAIN_MS);
  }

  take(noted: LeftBehind): Collected {
    const { nowMs } = this.#limits;
    const { repository, manifest } = noted;
    // Noted by a trigger alone, or by a clock that was ahead: its age begins now.
    const since = noted.since === 0 ? nowMs : Math.min(noted.since, nowMs);
    const held = this.#heldAs(repository, manifest);
    if (held === null) return this.#takeDeparted(repository, manifest, since);
    if (held.usedAtMs > nowMs) this.#usedNow(repository, manifest);
    const dueAtMs = this.#dueAt(held.pushed, Math.max(since, Math.min(held.usedAtMs, nowMs)));
    if (dueAtMs > nowMs) return this.#putOff(noted, since, dueAtMs);
    if (this.#isTagged(repository, manifest)) return this.#forget(repository, manifest);
    if (this.#isHeld(repository, manifest, held.subject)) return this.#putOff(noted, since, nowMs + LOOK_AGAIN_MS);
    this.#remove(repository, manifest);
    return { manifests: 1, links: 0 };
  }

  #dueAt(pushed: number, usedAtMs: number): number {
    const ageMs = this.#limits.ages[pushed === 1 ? "pushed" : "cached"];
    return ageMs === null ? Number.POSITIVE_INFINITY : usedAtMs + ageMs;
  }

  #isHeld(repository: string, manifest: string, subject: string | null): boolean {
    if (isNamed(this.#database, repository, manifest)) return true;
    if (subject !== null && this.#heldAs(repository, subject) !== null) return true;
    const isKept = (digest: string) => this.#limits.isKept(repository as RepositoryName, digest as Digest);
    return isKept(manifest) || partsOf(this.#database, repository, manifest).some(isKept);
  }

  /** What referred to a manifest that was deleted goes when its own time has come. */
  #takeDeparted(repository: string, subject: string, since: number): Collected {
    const row = this.#database
      .query<{ pushed: number | null; usedAtMs: number | null }, [string, string]>(
        `SELECT max(pushed) AS pushed, max(used_at) AS usedAtMs FROM repository_manifest
         WHERE repository = ? AND subject = ?`,
      )
      .get(repository, subject);
    const { nowMs } = this.#limits;
    const dueAtMs = this.#dueAt(row?.pushed ?? 1, Math.min(Math.max(since, row?.usedAtMs ?? 0), nowMs));
    if (dueAtMs > nowMs) return this.#putOff({ repository, manifest: subject }, since, dueAtMs);
    releaseAttached(this.#database, repository, subject);
    stampLeftBehind(this.#database, nowMs);
    this.hasReleased = true;
    return this.#forget(repository, subject);
  }

  /** The orphans that this leaves are taken next. */
  #remove(repository: string, manifest: string): void {
    const { nowMs } = this.#limits;
    this.#database
      .query<null, [string, string]>("DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?")
      .run(repository, manifest);
    markOrphans(this.#database, repository, manifest, 0);
    releaseAttached(this.#database, repository, manifest);
    stampLeftBehind(this.#database, nowMs);
    this.#events.add({
      ...NO_CAUSE,
      kind: "expired",
      atMs: nowMs,
      repository: repository as RepositoryName,
      tag: null,
      digest: manifest as Digest,
      mediaType: null,
      sizeBytes: null,
    });
  }

  /** When it was used nobody knows, but for the clock that was ahead. */
  #usedNow(repository: string, manifest: string): void {
    this.#database
      .query<null, [number, string, string]>(
        "UPDATE repository_manifest SET used_at = ? WHERE repository = ? AND manifest = ?",
      )
      .run(this.#limits.nowMs, repository, manifest);
  }

  #putOff({ repository, manifest }: Omit<LeftBehind, "since">, since: number, untilMs: number): Collected {
    const lookAtMs = Math.min(untilMs, this.#limits.nowMs + LOOK_AGAIN_MS);
    this.#database
      .query<null, [number, number, string, string]>(
        "UPDATE left_behind SET since = ?, look_at = ? WHERE repository = ? AND manifest = ?",
      )
      .run(since, lookAtMs, repository, manifest);
    return NOTHING;
  }

  #forget(repository: string, manifest: string): Collected {
    this.#database
      .query<null, [string, string]>("DELETE FROM left_behind WHERE repository = ? AND manifest = ?")
      .run(repository, manifest);
    return NOTHING;
  }

  #heldAs(repository: string, manifest: string): Held | null {
    return this.#database
      .query<Held, [string, string]>(
        `SELECT pushed, used_at AS usedAtMs, subject FROM repository_manifest WHERE repository = ? AND manifest = ?`,
      )
      .get(repository, manifest);
  }

  #isTagged(repository: string, manifest: string): boolean {
    const sql = "SELECT 1 FROM tag WHERE repository = ? AND manifest = ? LIMIT 1";
    return this.#database.query<unknown, [string, string]>(sql).get(repository, manifest) !== null;
  }
}
