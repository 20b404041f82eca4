import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import {
  ALL_ROWS_LIMIT,
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
  RECORDING_ROWS_LIMIT,
  RECORDINGS_LIMIT,
} from "../recordings.ts";
import { tooManyRecordings } from "../recordings-limit.ts";
import { Subscribers } from "../subscribers.ts";

type Kept = Omit<Recording, "images"> & {
  /** By place. */
  readonly pulls: Map<string, RecordedPull>;
  /** What indexes list, by `repository@digest` of the index. */
  readonly parts: Map<string, Map<Digest, string | null>>;
};

/** An index of indexes is looked through so far. */
const DEPTH = 3;

/** Recordings in memory. */
export class MemoryRecordings implements RecordingStore, RecordedPullStore {
  readonly #recordings = new Map<string, Kept>();
  readonly #subscribers = new Subscribers<[RecordingChange]>();
  #lastId = 0;

  async start({ name, ...fresh }: NewRecording, goesOn: boolean): Promise<Recording | null> {
    const known = this.#recordings.get(name);
    if (known !== undefined && (known.stoppedAtMs === null || !goesOn)) return null;
    if (known === undefined && this.#recordings.size >= RECORDINGS_LIMIT) throw tooManyRecordings();
    const anew = { name, ...fresh, id: ++this.#lastId, fullAtMs: null, pulls: new Map(), parts: new Map() };
    const kept: Kept =
      known === undefined ? { ...anew, stoppedAtMs: null } : { ...known, networks: fresh.networks, stoppedAtMs: null };
    this.#recordings.set(name, kept);
    this.#subscribers.tell({ kind: "started", name });
    return describe(kept);
  }

  async stop(name: string, atMs: number): Promise<Recording | null> {
    const kept = this.#recordings.get(name);
    if (kept === undefined) return null;
    if (kept.stoppedAtMs !== null) return describe(kept);
    const stopped = { ...kept, stoppedAtMs: atMs };
    this.#recordings.set(name, stopped);
    this.#subscribers.tell({ kind: "stopped", name });
    return describe(stopped);
  }

  async remove(name: string): Promise<boolean> {
    const isRemoved = this.#recordings.delete(name);
    if (isRemoved) this.#subscribers.tell({ kind: "removed", name });
    return isRemoved;
  }

  async list(): Promise<readonly Recording[]> {
    return [...this.#recordings.values()].map(describe).sort((a, b) => compare(a.name, b.name));
  }

  subscribe(listener: RecordingListener): () => void {
    return this.#subscribers.add(listener);
  }

  async note(recording: number, pulls: readonly NotedPull[]): Promise<void> {
    const kept = this.#find(recording);
    if (kept === undefined) return;
    for (const pull of pulls) this.#note(kept.name, pull);
    this.#subscribers.tell({ kind: "pulls", name: kept.name });
  }

  async listImages(
    recording: number,
    { text, after, limit }: { text: string; after: RecordedPlace | null; limit: number },
  ): Promise<readonly RecordedImage[]> {
    const kept = this.#find(recording);
    if (kept === undefined) return [];
    return sorted(kept)
      .filter(({ key, pull }) => key > (after === null ? "" : keyOf(after)) && !isHidden(kept, pull))
      .map(({ pull }) => pull)
      .filter((pull) => nameOf(pull).includes(text))
      .slice(0, limit)
      .map((pull) => ({ ...pull, parts: partsOf(kept, pull, DEPTH) }));
  }

  async listHeld(after: HeldPull | null, limit: number): Promise<readonly HeldPull[]> {
    const all = [...this.#recordings.values()]
      .sort((a, b) => a.id - b.id)
      .flatMap((kept) => sorted(kept).map(({ key, pull }) => ({ key, recording: kept.id, pull })));
    const isBehind = (one: { recording: number; key: string }) =>
      after === null ||
      one.recording > after.recording ||
      (one.recording === after.recording && one.key > keyOf(after));
    return all
      .filter(isBehind)
      .slice(0, limit)
      .map(({ recording, pull: { repository, tag, digest } }) => ({ recording, repository, tag, digest }));
  }

  #find(id: number): Kept | undefined {
    return this.#recordings.values().find((kept) => kept.id === id);
  }

  #note(name: string, { parts, ...pull }: NotedPull): void {
    const kept = this.#recordings.get(name);
    if (kept === undefined) return;
    const known = kept.pulls.get(keyOf(pull));
    if (known !== undefined) {
      if (known.platform === null) kept.pulls.set(keyOf(pull), { ...known, platform: pull.platform });
      return;
    }
    const rows = 1 + parts.length;
    const all = [...this.#recordings.values()].reduce((sum, one) => sum + rowsOf(one), 0);
    if (rowsOf(kept) + rows > RECORDING_ROWS_LIMIT || all + rows > ALL_ROWS_LIMIT) {
      this.#recordings.set(name, { ...kept, fullAtMs: kept.fullAtMs ?? pull.atMs });
      return;
    }
    kept.pulls.set(keyOf(pull), pull);
    if (parts.length === 0) return;
    kept.parts.set(`${pull.repository}@${pull.digest}`, new Map(parts.map((part) => [part.digest, part.platform])));
  }
}

function describe({ pulls, parts, ...recording }: Kept): Recording {
  const shown = [...pulls.values()].filter((pull) => !isHidden({ ...recording, pulls, parts }, pull));
  return { ...recording, images: shown.length };
}

function rowsOf({ pulls, parts }: Kept): number {
  return parts.values().reduce((sum, listed) => sum + listed.size, pulls.size);
}

/** Is it told of with another: a tag of the same manifest, or an index that lists it? */
function isHidden({ pulls, parts }: Kept, { repository, tag, digest }: RecordedPull): boolean {
  if (tag !== null) return false;
  const isTagged = pulls
    .values()
    .some((one) => one.repository === repository && one.digest === digest && one.tag !== null);
  return (
    isTagged || parts.entries().some(([index, listed]) => index.startsWith(`${repository}@`) && listed.has(digest))
  );
}

function partsOf(kept: Kept, index: RecordedPull, depth: number): readonly RecordedPull[] {
  const listed = kept.parts.get(`${index.repository}@${index.digest}`) ?? new Map<Digest, string | null>();
  const place = { repository: index.repository, tag: null };
  return [...listed]
    .sort(([a], [b]) => compare(a, b))
    .flatMap(([digest, platform]) => {
      const pull = kept.pulls.get(keyOf({ ...place, digest }));
      if (pull === undefined) return [];
      const own = { ...pull, platform: platform ?? pull.platform };
      const inner = depth > 1 ? partsOf(kept, own, depth - 1) : [];
      return inner.length > 0 ? inner : [own];
    });
}

function sorted({ pulls }: Kept) {
  return [...pulls].map(([key, pull]) => ({ key, pull })).sort((a, b) => compare(a.key, b.key));
}

function keyOf({ repository, tag, digest }: RecordedPlace): string {
  return `${repository}\0${tag ?? ""}\0${digest}`;
}

function nameOf({ repository, tag, digest }: { repository: RepositoryName } & RecordedPlace): string {
  return tag === null ? `${repository}@${digest}` : `${repository}:${tag}@${digest}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
