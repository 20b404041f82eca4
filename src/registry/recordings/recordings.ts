import type { Turns, Work } from "../../lib/async/turns.ts";
import { quoteBriefly, type Digest } from "../../oci/digest.ts";
import { formatIpNetwork, tryParseIpNetwork } from "../../lib/net/ip-network.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type {
  HeldPull,
  NotedPull,
  RecordedImage,
  RecordedPlace,
  RecordedPullStore,
  Recording,
  RecordingStore,
} from "../../storage/recordings.ts";
import type { Holds } from "../holds/holds.ts";
import type { BestEffortWrites } from "../pull/best-effort-writes.ts";
import type { Blobs } from "../pull/blobs.ts";
import { describePull } from "./describe-pull.ts";
import { parseRecordingName } from "./recording-name.ts";
import { RunningRecording } from "./running-recording.ts";
import type { SeenPull } from "./seen-pull.ts";

type Parts = {
  readonly store: RecordingStore & RecordedPullStore;
  readonly blobs: () => Pick<Blobs, "readHere">;
  readonly bestEffort: BestEffortWrites;
  readonly turns: Turns;
  readonly now: () => number;
};

/** What is asked for when a recording begins. */
export type RecordingRequest = {
  readonly name: string;
  /** Networks or addresses whose pulls are meant; none: all. */
  readonly from: readonly string[];
  /** May it be one that has been, and goes on? */
  readonly append: boolean;
};

/** A pull is written down so soon: a kill loses no more. */
const SAVE_AFTER_MS = 1000;
/** Rows of one transaction: some milliseconds. */
const ROWS_AT_ONCE = 400;
const HELD_AT_ONCE = 1000;
/** A config that has not come by then does not come. */
const OPEN_MS = 60_000;
const OPEN_LIMIT = 2000;

/**
 * The recordings of the store: what is pulled while one runs is noted in memory, once for each name, and written down within a
 * second. What they hold is never given up by itself.
 */
export class Recordings implements Holds {
  readonly #parts: Parts;
  #running: readonly RunningRecording[] = [];
  #held = new Map<RepositoryName, Map<Digest, string>>();
  /** What is being read anew. */
  #coming: Map<RepositoryName, Map<Digest, string>> | null = null;
  #isLoaded = false;
  #loads: Promise<void> = Promise.resolve();
  #saves: Promise<void> = Promise.resolve();
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    parts.store.subscribe(({ kind }) => {
      if (kind !== "pulls") void this.load(kind === "removed").catch(() => {});
    });
  }

  /** Does any recording run? What is pulled need not be told otherwise. */
  get isRunning(): boolean {
    return this.#running.length > 0;
  }

  /**
   * Reads what runs and, at first and where something has gone, what is held. To be called before anything is given up: until then
   * everything is held.
   */
  load(isHeldAnew = true): Promise<void> {
    this.#loads = this.#loads.catch(() => {}).then(() => this.#load(isHeldAnew));
    return this.#loads;
  }

  /** Is there a recording that may not have this pull yet? For every pull; `note` is for those alone where it says yes. */
  wants(repository: RepositoryName, tag: string | null, digest: Digest): boolean {
    for (const { seen } of this.#running) if (!seen.has(repository, tag, digest)) return true;
    return false;
  }

  /** Notes a pull in the recordings that mean it and have not seen it yet. */
  note(pull: SeenPull): void {
    let isTaken = false;
    for (const running of this.#running) isTaken = running.take(pull) || isTaken;
    if (isTaken) this.#saveSoon();
  }

  reasonFor(repository: RepositoryName, tag: Tag | null, digest: Digest): string | null {
    if (!this.#isLoaded) return "recordings that could not be read yet";
    const name = this.#holderOf(repository, digest) ?? this.#holderOfSubject(repository, tag);
    return name === null ? null : `the recording ${name}`;
  }

  list(): Promise<readonly Recording[]> {
    return this.settle().then(() => this.#parts.store.list());
  }

  /** One of them, with all that was noted until now. Throws NAME_INVALID, NAME_UNKNOWN. */
  async get(name: string): Promise<Recording> {
    const wanted = parseRecordingName(name);
    const found = (await this.list()).find((one) => one.name === wanted);
    return found ?? throwUnknown(name);
  }

  /** As `RecordedPullStore.listImages`. */
  images(
    recording: number,
    query: { readonly text: string; readonly after: RecordedPlace | null; readonly limit: number },
  ): Promise<readonly RecordedImage[]> {
    return this.#parts.store.listImages(recording, query);
  }

  /** Begins one. Throws NAME_INVALID, BAD_REQUEST for a network that is none and a name that is used. */
  async start({ name, from, append }: RecordingRequest, who: string | null): Promise<Recording> {
    const { store, now } = this.#parts;
    const networks = [...new Set(from.map(parseNetwork))];
    const started = await store.start({ name: parseRecordingName(name), startedAtMs: now(), who, networks }, append);
    if (started === null) throw await this.#nameTaken(name, append);
    await this.load(false);
    return started;
  }

  /** Ends one: all that was pulled until now is in it, durably. Throws NAME_INVALID, NAME_UNKNOWN, what keeps it from being written. */
  async stop(name: string): Promise<Recording> {
    const wanted = parseRecordingName(name);
    const running = this.#running.find((one) => one.name === wanted);
    // What comes while it is ended is not in it, rather than lost between two writes.
    if (running !== undefined) running.isEnding = true;
    try {
      await this.#save(true);
      const stopped = await this.#parts.store.stop(wanted, this.#parts.now());
      await this.load(false);
      if (stopped === null) throwUnknown(name);
      return await this.get(wanted);
    } finally {
      if (running !== undefined) running.isEnding = false;
    }
  }

  /** Removes one that has ended. Throws NAME_INVALID, NAME_UNKNOWN, BAD_REQUEST for one that runs. */
  async remove(name: string): Promise<void> {
    const { stoppedAtMs } = await this.get(name);
    if (stoppedAtMs === null) {
      throw new RegistryError("BAD_REQUEST", `the recording ${name} runs; stop it with larder record stop ${name}`);
    }
    if (!(await this.#parts.store.remove(name))) throwUnknown(name);
    await this.load();
  }

  /** Writes down what was noted. Where it cannot be written, that is for the next time. Never fails. */
  async settle(): Promise<void> {
    if (this.isRunning) await this.#save(false);
  }

  /** Writes down what was noted, and nothing more by itself. */
  async close(): Promise<void> {
    await this.settle();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #holderOf(repository: RepositoryName, digest: Digest): string | null {
    const held = this.#held.get(repository)?.get(digest);
    if (held !== undefined) return held;
    return this.#running.find(({ seen }) => seen.hasManifest(repository, digest))?.name ?? null;
  }

  /** Signatures that have a tag are held with their image. */
  #holderOfSubject(repository: RepositoryName, tag: Tag | null): string | null {
    if (tag === null || !tag.startsWith("sha")) return null;
    const subject = parseAttachmentTag(tag)?.subject ?? null;
    return subject === null ? null : this.#holderOf(repository, subject);
  }

  async #load(isHeldAnew: boolean): Promise<void> {
    const { store } = this.#parts;
    const recordings = await store.list();
    const before = new Map(this.#running.map((one) => [one.id, one]));
    this.#running = recordings
      .filter(({ stoppedAtMs }) => stoppedAtMs === null)
      .map((recording) => before.get(recording.id) ?? new RunningRecording(recording));
    if (!isHeldAnew && this.#isLoaded) return;
    const names = new Map(recordings.map(({ id, name }) => [id, name]));
    const held = new Map<RepositoryName, Map<Digest, string>>();
    this.#coming = held;
    const work = this.#parts.turns.begin();
    for (let after: HeldPull | null = null; ; ) {
      const page: readonly HeldPull[] = await store.listHeld(after, HELD_AT_ONCE);
      for (const { repository, digest, recording } of page)
        addHeld(held, repository, digest, names.get(recording) ?? "");
      if (page.length < HELD_AT_ONCE) break;
      after = page.at(-1) ?? null;
      await work.rest();
    }
    this.#held = held;
    this.#coming = null;
    this.#isLoaded = true;
  }

  #saveSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#save(false);
    }, SAVE_AFTER_MS);
  }

  /** One after the other. `insists`: a failure is thrown. */
  #save(insists: boolean): Promise<void> {
    const saved = this.#saves.then(() => this.#saveAll(insists));
    this.#saves = saved.catch(() => {});
    return saved;
  }

  async #saveAll(insists: boolean): Promise<void> {
    const work = this.#parts.turns.begin();
    for (const running of this.#running) {
      const { waiting, open } = running;
      if (waiting.length + open.length === 0) continue;
      running.waiting = [];
      running.open = [];
      const write = () => this.#write(running, [...waiting, ...open], work);
      let again: readonly SeenPull[] | null = null;
      try {
        again = insists ? await write() : await this.#parts.bestEffort.attempt("what a recording has seen", write);
      } finally {
        if (again === null) running.waiting = [...waiting, ...open, ...running.waiting];
        else running.open = again.slice(0, OPEN_LIMIT);
      }
    }
    if (this.#running.some(({ waiting, open }) => waiting.length + open.length > 0)) this.#saveSoon();
  }

  /** Writes pulls down. Those of which not all is known yet. Throws what the stores throw. */
  async #write({ id, name }: RunningRecording, pulls: readonly SeenPull[], work: Work): Promise<readonly SeenPull[]> {
    const { store, blobs, now } = this.#parts;
    const open: SeenPull[] = [];
    const described: NotedPull[] = [];
    for (const pull of pulls) {
      const { pull: noted, isOpen } = await describePull(pull, blobs(), work);
      if (isOpen && now() - pull.atMs < OPEN_MS) open.push(pull);
      described.push(noted);
      await work.rest();
    }
    for (const some of slicesOf(described)) {
      await store.note(id, some);
      for (const { repository, digest } of some) {
        addHeld(this.#held, repository, digest, name);
        if (this.#coming !== null) addHeld(this.#coming, repository, digest, name);
      }
      await work.rest();
    }
    return open;
  }

  async #nameTaken(name: string, append: boolean): Promise<RegistryError> {
    const known = (await this.#parts.store.list()).find((one) => one.name === name);
    const why =
      append || known?.stoppedAtMs === null
        ? `the recording ${name} runs already`
        : `there is a recording ${name} already: go on with it with --append, remove it with larder record rm ${name}, or take another name`;
    return new RegistryError("BAD_REQUEST", why);
  }
}

/** In transactions of so many rows. */
function* slicesOf(pulls: readonly NotedPull[]): Generator<readonly NotedPull[]> {
  let slice: NotedPull[] = [];
  let rows = 0;
  for (const pull of pulls) {
    slice.push(pull);
    rows += 1 + pull.parts.length;
    if (rows < ROWS_AT_ONCE) continue;
    yield slice;
    [slice, rows] = [[], 0];
  }
  if (slice.length > 0) yield slice;
}

function addHeld(
  held: Map<RepositoryName, Map<Digest, string>>,
  repository: RepositoryName,
  digest: Digest,
  name: string,
): void {
  const own = held.get(repository);
  if (own === undefined) held.set(repository, new Map([[digest, name]]));
  else if (!own.has(digest)) own.set(digest, name);
}

function parseNetwork(text: string): string {
  const network = tryParseIpNetwork(text.trim());
  if (network !== null) return formatIpNetwork(network);
  throw new RegistryError(
    "BAD_REQUEST",
    `${quoteBriefly(text)} is neither a network nor an address; write 10.0.0.0/8, fd00::/8 or 10.0.0.7`,
  );
}

function throwUnknown(name: string): never {
  throw new RegistryError("NAME_UNKNOWN", `there is no recording ${quoteBriefly(name)}; larder record ls lists them`);
}
