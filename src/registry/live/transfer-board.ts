import type { RepositoryName } from "../../oci/repository-name.ts";
import { ClientPull, type Part, type Progress, type PullSource, type TransferClient } from "./client-pull.ts";

/** A body that a client sends. */
export type RunningPush = {
  readonly id: string;
  readonly repository: RepositoryName;
  readonly client: TransferClient;
  readonly startedAtMs: number;
  readonly sizeBytes: number | null;
  readonly bytes: () => number;
};

/** An answer of a blob that begins. */
export type BeginningAnswer = {
  readonly repository: RepositoryName;
  readonly digest: string;
  /** The blob's whole size, and what of it is answered. */
  readonly blobBytes: number;
  readonly sizeBytes: number;
  readonly source: PullSource;
  readonly client: TransferClient;
  /** The connection that it goes out on, where that is known: when the next answer begins there, this one is over. */
  readonly connection: string | null;
  /** The image that the client asked for last in that repository. */
  readonly asked: { readonly reference: string; readonly digest: string } | null;
  progress(): Progress | null;
};

/** Of more pulls than this nobody keeps track. While nobody watches, those that have ended are among them. */
const MOST_PULLS = 2000;
const MOST_PUSHES = 2000;
/** Answers whose end nobody tells of, unless they are looked at. */
const MOST_CONNECTIONS = 4000;
/** A client that has fetched one layer fetches the next: so long nothing goes, and it is one pull. */
const PAUSE_MS = 4000;
/** Without a look at it, a pull is looked at again when its client comes back after this. */
const STALE_MS = 30_000;

type Ending = { readonly pull: ClientPull; readonly digest: string; readonly part: Part };

/** What is on its way to clients and from them. A look at it costs, so that it is looked at while somebody watches. */
export class TransferBoard {
  readonly #now: () => number;
  readonly #pulls = new Map<string, ClientPull>();
  readonly #pushes = new Set<RunningPush>();
  readonly #byConnection = new Map<string, Ending>();
  #ids = 0;

  /** `now`: milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Notes that an answer has begun. What comes back says that it has ended, after so many bytes. */
  begin(answer: BeginningAnswer): (bytes: number) => void {
    const { digest, blobBytes, sizeBytes, source, connection } = answer;
    const nowMs = this.#now();
    this.#endOn(connection);
    const pull = this.#pullOf(answer, nowMs);
    const part: Part = { sizeBytes, bytes: 0, progress: () => answer.progress() };
    pull.begin(digest, blobBytes, part, source);
    pull.lastMs = nowMs;
    if (connection !== null) this.#keep(connection, { pull, digest, part });
    return (bytes) => {
      pull.end(digest, part, bytes);
      pull.lastMs = this.#now();
      if (connection !== null && this.#byConnection.get(connection)?.part === part)
        this.#byConnection.delete(connection);
    };
  }

  /** Notes that a client has begun to send. What comes back says that it has ended. */
  beginPush(push: Omit<RunningPush, "id" | "startedAtMs">): () => void {
    if (this.#pushes.size >= MOST_PUSHES) return () => {};
    const running = { ...push, id: this.#nextId(), startedAtMs: this.#now() };
    this.#pushes.add(running);
    return () => void this.#pushes.delete(running);
  }

  /** Looks at all of it, and forgets what has been over for a while. */
  look(): { readonly pulls: readonly ClientPull[]; readonly pushes: readonly RunningPush[] } {
    const nowMs = this.#now();
    for (const [key, pull] of this.#pulls) {
      pull.look();
      if (pull.isRunning) pull.lastMs = nowMs;
      else if (Math.abs(nowMs - pull.lastMs) > PAUSE_MS) this.#pulls.delete(key);
    }
    for (const [connection, { pull, digest, part }] of this.#byConnection) {
      if (!pull.holds(digest, part)) this.#byConnection.delete(connection);
    }
    return { pulls: [...this.#pulls.values()], pushes: [...this.#pushes] };
  }

  /** HTTP/1.1 answers one after the other. */
  #endOn(connection: string | null): void {
    const before = connection === null ? undefined : this.#byConnection.get(connection);
    if (before === undefined) return;
    before.pull.end(before.digest, before.part, before.part.sizeBytes);
    this.#byConnection.delete(connection ?? "");
  }

  /** While nobody looks, the oldest ones count as over when there are too many. */
  #keep(connection: string, ending: Ending): void {
    if (this.#byConnection.size >= MOST_CONNECTIONS) {
      for (const old of this.#byConnection
        .keys()
        .take(MOST_CONNECTIONS / 4)
        .toArray())
        this.#endOn(old);
    }
    this.#byConnection.set(connection, ending);
  }

  #pullOf({ client, repository, asked }: BeginningAnswer, nowMs: number): ClientPull {
    const key = `${client.from} ${repository}`;
    const known = this.#pulls.get(key);
    if (known !== undefined && !this.#isOver(known, asked?.reference ?? null, nowMs)) return known;
    this.#pulls.delete(key);
    if (this.#pulls.size >= MOST_PULLS) this.#makeRoom();
    const pull = new ClientPull({
      id: this.#nextId(),
      repository,
      client,
      startedAtMs: nowMs,
      reference: asked?.reference ?? null,
      manifest: asked?.digest ?? null,
    });
    this.#pulls.set(key, pull);
    return pull;
  }

  #isOver(pull: ClientPull, reference: string | null, nowMs: number): boolean {
    if (pull.reference !== reference) return !pull.isRunning;
    if (Math.abs(nowMs - pull.lastMs) < STALE_MS) return false;
    // Nobody has looked for a while.
    pull.look();
    return !pull.isRunning;
  }

  /** The oldest half of those goes that have been silent: beside them, this is no look-up for each request. */
  #makeRoom(): void {
    const oldest = [...this.#pulls].toSorted(([, a], [, b]) => a.lastMs - b.lastMs).slice(0, MOST_PULLS / 2);
    for (const [key] of oldest) this.#pulls.delete(key);
    const left = new Set(this.#pulls.values());
    for (const [connection, { pull }] of this.#byConnection) {
      if (!left.has(pull)) this.#byConnection.delete(connection);
    }
  }

  #nextId(): string {
    return String(++this.#ids);
  }
}
