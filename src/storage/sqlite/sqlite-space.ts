import type { Turns, Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { eventsOfEviction } from "../events.ts";
import type { Page } from "../page.ts";
import type { ImageSpace, KindTotals, RepositorySpace, SpaceStore, UsePlace } from "../space.ts";
import { type Part, partsOf } from "./image-parts.ts";
import { EVICTED, markOrphans, releaseAttached } from "./mark-orphans.ts";
import { rememberManifest } from "./remember-row.ts";
import type { SqliteDatabase } from "./sqlite-database.ts";
import type { SqliteEvents } from "./sqlite-events.ts";
import { isNamed } from "./sqlite-naming.ts";
import { removeInTurns } from "./sqlite-orphans.ts";

/** Blobs of a manifest that are read at once. */
const SLICE = 100;
/** A blob that so many other repositories link is not looked at any further: one of them holds it. */
const HOLDERS = 20;
/** Blobs that are added up at once, in two milliseconds; of the manifests that name one, so many are looked at. */
const KIND_ROWS = 200;
const NAMERS = 50;

type UseRow = { used_at: number; pulled_at: number; pushed: number };
type BlobRow = { digest: string; size: number; touched_at: number };
/** What is added up of an image. */
type Sum = { readonly blobs: Map<string, number>; ownBytes: number; readonly seen: Set<string> };

/** Space in SQLite. What is looked at is found by indexes, a few rows a step, however much there is. */
export class SqliteSpace implements SpaceStore {
  readonly #database: SqliteDatabase;
  readonly #events: SqliteEvents;
  readonly #turns: Turns;

  constructor(database: SqliteDatabase, events: SqliteEvents, turns: Turns) {
    this.#database = database;
    this.#events = events;
    this.#turns = turns;
  }

  async listByUse(after: UsePlace | null, limit: number): Promise<readonly UsePlace[]> {
    return this.#database
      .query<UsePlace, [number, string, string, number]>(
        `SELECT used_at AS usedAtMs, repository, manifest AS digest
         FROM repository_manifest INDEXED BY repository_manifest_used
         WHERE pushed = 0 AND (used_at, repository, manifest) > (?, ?, ?) ORDER BY used_at, repository, manifest LIMIT ?`,
      )
      .all(after?.usedAtMs ?? -1, after?.repository ?? "", after?.digest ?? "", limit);
  }

  async measure(repository: RepositoryName, digest: Digest, beforeMs: number): Promise<ImageSpace | null> {
    const work = this.#turns.begin();
    const use = this.#readUse(repository, digest);
    if (use === null || isNamed(this.#database, repository, digest)) return null;
    const parts = await partsOf(this.#database, repository, digest, work);
    const [root] = parts ?? [];
    if (parts === null || root === undefined) return null;
    const all = new Set(parts.map((part) => part.digest));
    const isPushed = use.pushed === 1;
    const goes = (part: Part) =>
      part === root ||
      ((isPushed || part.pushed === 0) &&
        part.tags.length === 0 &&
        !isNamed(this.#database, repository, part.digest, all));
    const going = new Set(parts.filter(goes).map((part) => part.digest));
    const sum: Sum = { blobs: new Map(), ownBytes: 0, seen: new Set() };
    // Those that go first: whether a blob goes with them is asked once.
    const isGoing = (part: Part) => Number(going.has(part.digest));
    for (const part of parts.toSorted((a, b) => isGoing(b) - isGoing(a))) {
      if (!part.isIndex || part === root) await this.#addBlobs(repository, part.digest, sum, { going, beforeMs, work });
    }
    const manifestBytes = parts.reduce((bytes, part) => bytes + part.bytes, 0);
    return {
      repository,
      digest,
      usedAtMs: use.used_at,
      pulledAtMs: use.pulled_at === 0 ? null : use.pulled_at,
      isPushed,
      tags: root.tags as readonly Tag[],
      parts: parts.map((part) => part.digest as Digest),
      blobs: new Set(sum.blobs.keys().map((blob) => blob as Digest)),
      sizeBytes: sum.blobs.values().reduce((bytes, size) => bytes + size, manifestBytes),
      ownBytes: sum.ownBytes,
    };
  }

  async evict(image: ImageSpace, atMs: number): Promise<boolean> {
    const { repository, digest, ownBytes } = image;
    const remove = (): boolean => {
      if (!this.#isAsMeasured(image)) return false;
      rememberManifest(this.#database, repository, digest);
      this.#database
        .query<null, [string, string]>("DELETE FROM repository_manifest WHERE repository = ? AND manifest = ?")
        .run(repository, digest);
      markOrphans(this.#database, repository, digest, EVICTED);
      releaseAttached(this.#database, repository, digest, EVICTED);
      for (const event of eventsOfEviction(repository, image.tags, digest, ownBytes, atMs)) this.#events.add(event);
      return true;
    };
    return removeInTurns(this.#database, this.#turns, atMs, remove);
  }

  async listRepositorySpace(page: Page): Promise<readonly RepositorySpace[]> {
    return this.#database
      .query<RepositorySpace, [string, number]>(
        `SELECT repository, blobs, bytes FROM repository_size WHERE repository > ? AND blobs > 0
         ORDER BY repository LIMIT ?`,
      )
      .all(page.after ?? "", page.limit);
  }

  async listManifests(repository: RepositoryName, page: Page): Promise<readonly Digest[]> {
    return this.#database
      .query<{ manifest: string }, [string, string, number]>(
        "SELECT manifest FROM repository_manifest WHERE repository = ? AND manifest > ? ORDER BY manifest LIMIT ?",
      )
      .all(repository, page.after ?? "", page.limit)
      .map(({ manifest }) => manifest as Digest);
  }

  async sumKinds(after: Digest | null): Promise<KindTotals & { readonly next: Digest | null }> {
    const rows = this.#database
      .query<{ digest: string; size: number; kind: number | null }, [string]>(
        `SELECT b.digest, b.size, (
           SELECT max(r.pushed) FROM (SELECT manifest FROM manifest_reference WHERE digest = b.digest LIMIT ${NAMERS}) f
           CROSS JOIN repository_manifest r ON r.manifest = f.manifest) AS kind
         FROM blob b WHERE b.digest > ? ORDER BY b.digest LIMIT ${KIND_ROWS}`,
      )
      .all(after ?? "");
    const sums = { pushedBytes: 0, cachedBytes: 0, unheldBytes: 0 };
    for (const { size, kind } of rows) {
      if (kind === null) sums.unheldBytes += size;
      else if (kind === 1) sums.pushedBytes += size;
      else sums.cachedBytes += size;
    }
    return { ...sums, next: rows.length < KIND_ROWS ? null : ((rows.at(-1)?.digest ?? null) as Digest | null) };
  }

  #readUse(repository: string, digest: string): UseRow | null {
    return this.#database
      .query<UseRow, [string, string]>(
        "SELECT used_at, pulled_at, pushed FROM repository_manifest WHERE repository = ? AND manifest = ?",
      )
      .get(repository, digest);
  }

  #isAsMeasured({ repository, digest, usedAtMs, tags }: ImageSpace): boolean {
    const use = this.#readUse(repository, digest);
    if (use === null || use.pushed === 1 || use.used_at !== usedAtMs) return false;
    const found = this.#database
      .query<{ name: string; pushed: number }, [string, string]>(
        "SELECT name, pushed FROM tag WHERE repository = ? AND manifest = ?",
      )
      .all(repository, digest);
    const known = new Set<string>(tags);
    return (
      found.every(({ name, pushed }) => pushed === 0 && (known.has(name) || name.startsWith("sha"))) &&
      !isNamed(this.#database, repository, digest)
    );
  }

  async #addBlobs(
    repository: string,
    manifest: string,
    sum: Sum,
    { going, beforeMs, work }: { going: ReadonlySet<string>; beforeMs: number; work: Work },
  ): Promise<void> {
    const next = this.#database.query<BlobRow, [string, string, string]>(
      `SELECT f.digest, b.size, l.touched_at FROM manifest_reference f
       CROSS JOIN repository_blob l ON l.repository = ?1 AND l.digest = f.digest CROSS JOIN blob b ON b.digest = f.digest
       WHERE f.manifest = ?2 AND f.digest > ?3 ORDER BY f.digest LIMIT ${SLICE}`,
    );
    for (let rows = next.all(repository, manifest, ""); ; ) {
      for (const { digest, size, touched_at } of rows) {
        sum.blobs.set(digest, size);
        if (!going.has(manifest) || sum.seen.has(digest)) continue;
        sum.seen.add(digest);
        await work.rest();
        const isOwn =
          touched_at < beforeMs &&
          !isNamed(this.#database, repository, digest, going) &&
          !this.#isHeldElsewhere(repository, digest, beforeMs);
        if (isOwn) sum.ownBytes += size;
      }
      if (rows.length < SLICE) return;
      await work.rest();
      rows = next.all(repository, manifest, rows.at(-1)?.digest ?? "");
    }
  }

  /** A link of an image that was evicted a moment ago, and is not collected yet, holds nothing. */
  #isHeldElsewhere(repository: string, digest: string, beforeMs: number): boolean {
    const links = this.#database
      .query<{ repository: string; touched_at: number }, [string, string]>(
        `SELECT repository, touched_at FROM repository_blob WHERE digest = ? AND repository <> ? LIMIT ${HOLDERS}`,
      )
      .all(digest, repository);
    if (links.length === HOLDERS) return true;
    return links.some((link) => link.touched_at >= beforeMs || isNamed(this.#database, link.repository, digest));
  }
}
