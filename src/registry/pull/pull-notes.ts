import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Pull, PullStore } from "../../storage/pulls.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";

/** More than a fleet pulls in a minute. Beyond them, notes are written at once, or lost. */
const LIMIT = 20_000;

/** A note; `next` is one of the same manifest in another repository. */
type Note = { readonly repository: RepositoryName; atMs: number; next: Note | null };

/**
 * Notes which images are pulled, in memory, and writes that down every so often: no pull waits for it, and a crash loses no
 * more than what came since.
 */
export class PullNotes {
  readonly #store: PullStore;
  readonly #bestEffort: BestEffortWrites;
  readonly #now: () => number;
  readonly #limit: number;
  readonly #saving = new SingleFlight<"save", void>();
  /** By digest: a manifest's is the same object at each pull of it, and is found without being read. */
  #notes = new Map<Digest, Note>();
  #count = 0;

  constructor(store: PullStore, bestEffort: BestEffortWrites, now: () => number, limit = LIMIT) {
    this.#store = store;
    this.#bestEffort = bestEffort;
    this.#now = now;
    this.#limit = limit;
  }

  /** Notes that a manifest was answered from a repository, just now. Some 18,000 times a second. */
  note(repository: RepositoryName, digest: Digest): void {
    const note = this.#find(repository, digest);
    if (note === null) this.#add(repository, digest, this.#now());
    else note.atMs = this.#now();
  }

  /** Writes down what has come. Where it cannot be written, that is for the next time. Never fails. */
  save(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : this.#saving.run("save", () => this.#save());
  }

  /** When the manifest was pulled last; null: never, as far as is known, or it is not here. */
  async lastPull(repository: RepositoryName, digest: Digest): Promise<number | null> {
    await this.save();
    return this.#store.lastPull(repository, digest);
  }

  #find(repository: RepositoryName, digest: Digest): Note | null {
    let note = this.#notes.get(digest) ?? null;
    while (note !== null && note.repository !== repository) note = note.next;
    return note;
  }

  #add(repository: RepositoryName, digest: Digest, atMs: number): void {
    if (this.#count >= this.#limit) void this.save();
    // They are being written already, and have not made room.
    if (this.#count >= this.#limit) return;
    this.#notes.set(digest, { repository, atMs, next: this.#notes.get(digest) ?? null });
    this.#count++;
  }

  async #save(): Promise<void> {
    const notes = this.#notes;
    this.#notes = new Map();
    this.#count = 0;
    const pulls = [...notes].flatMap(([digest, note]) => pullsOf(digest, note));
    const written = await this.#bestEffort.attempt("when images were pulled", async () => {
      await this.#store.notePulls(pulls);
      return true;
    });
    if (written === null) this.#takeBack(pulls);
  }

  /** What came meanwhile is newer. */
  #takeBack(pulls: readonly Pull[]): void {
    for (const { repository, digest, atMs } of pulls) {
      if (this.#count >= this.#limit) return;
      if (this.#find(repository, digest) === null) this.#add(repository, digest, atMs);
    }
  }
}

function pullsOf(digest: Digest, first: Note): readonly Pull[] {
  const pulls: Pull[] = [];
  for (let note: Note | null = first; note !== null; note = note.next) {
    pulls.push({ repository: note.repository, digest, atMs: note.atMs });
  }
  return pulls;
}
