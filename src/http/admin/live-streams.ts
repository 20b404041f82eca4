import { RegistryError } from "../../oci/registry-error.ts";
import type { LiveFeed, LiveNews } from "../../registry/live/live-feed.ts";
import { eventText } from "./event-text.ts";
import { liveMessageOf } from "./live-message.ts";
import { LiveStream } from "./live-stream.ts";
import type { Standing, Watcher } from "./standing.ts";

/** How many streams are open at once at most, in all and from one address. A browser has one, however many pages it shows. */
export type LiveStreamLimits = { readonly inAll: number; readonly perClient: number };
const LIMITS: LiveStreamLimits = { inAll: 500, perClient: 100 };

const SECOND_MS = 1000;
const HEARTBEAT_SECONDS = 15;
/** A session may end by its time alone. */
const LOOK_SECONDS = 60;
/** A client that is gone without a word is not to be written to for ever; those that came together do not come back together. */
const LIFE_SECONDS = 600;
const LIFE_SPREAD_SECONDS = 120;
const RETRY_AFTER_SECONDS = 30;

/** Parts of all the streams. */
export type LiveStreamsParts = {
  readonly feed: LiveFeed;
  /** Compares a message with the contract, where that is wanted. */
  readonly check?: (message: unknown) => void;
  readonly limits?: LiveStreamLimits;
  /** Calls `ended` when a session with the page is over before its time. Returns what ends that. */
  readonly watchSession: (id: string, ended: () => void) => () => void;
};

type Open = { readonly stream: LiveStream; ageSeconds: number; readonly lifeSeconds: number };

/**
 * The answers that tell of what happens, for as long as their clients listen. Nothing is done where there are none; the feed is
 * followed once for all.
 */
export class LiveStreams {
  readonly #parts: LiveStreamsParts;
  readonly #limits: LiveStreamLimits;
  readonly #open = new Set<Open>();
  readonly #byClient = new Map<string, number>();
  #timer: Timer | null = null;
  #unwatch: (() => void) | null = null;
  #isStopped = false;
  /** Of the news that was told last, what was written: most streams are sent the same bytes. */
  #last: { news: LiveNews; forAdministrators: Uint8Array | null; forOthers: Uint8Array | null } | null = null;

  constructor(parts: LiveStreamsParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? LIMITS;
  }

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /**
   * Opens a stream, which begins with what was missed since the event `after`; null: with nothing. Throws UNAVAILABLE when there
   * are too many, and as `Watcher.look`.
   */
  async open(watcher: Watcher, after: number | null): Promise<ReadableStream<Uint8Array>> {
    this.#refuseTooMany(watcher.client);
    const release = this.#take(watcher.client);
    try {
      const standing = await watcher.look();
      return this.#begin(watcher, standing, after, release);
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends all of them, and opens no more: larder stops. */
  stop(): void {
    this.#isStopped = true;
    for (const { stream } of this.#open) stream.close();
  }

  #begin(watcher: Watcher, standing: Standing, after: number | null, release: () => void): ReadableStream<Uint8Array> {
    const { feed, watchSession } = this.#parts;
    const write = (news: LiveNews, told: Standing) => this.#write(news, told);
    const ended = () => {
      this.#open.delete(open);
      release();
      unwatch();
      if (this.#open.size === 0) this.#rest();
    };
    const from = after ?? feed.lastEventId;
    const stream = new LiveStream({ watcher, standing, write, ended }, from);
    const open: Open = { stream, ageSeconds: 0, lifeSeconds: LIFE_SECONDS + Math.random() * LIFE_SPREAD_SECONDS };
    const session = watcher.sessionId();
    const unwatch = session === null ? () => {} : watchSession(session, () => stream.close());
    if (this.#isStopped) stream.close();
    else this.#follow(open, after);
    return stream.body;
  }

  #follow(open: Open, after: number | null): void {
    if (after === null) this.#add(open);
    else void this.#catchUp(open, after);
  }

  /** What happens while the store is asked is told after what it says, and once. */
  async #catchUp(open: Open, after: number): Promise<void> {
    const { feed } = this.#parts;
    const meanwhile: LiveNews[] = [];
    const unwatch = feed.watch((news) => void meanwhile.push(news));
    const missed = await feed.missedSince(after);
    // Who they are may have changed while it was not among those that are looked at again.
    if (meanwhile.some(changesRights)) await open.stream.lookAgain();
    unwatch();
    const told = new Set(missed.map((news) => (news.kind === "happened" ? news.event.id : null)));
    for (const news of missed) open.stream.tell(news);
    for (const news of meanwhile) if (news.kind !== "happened" || !told.has(news.event.id)) open.stream.tell(news);
    this.#add(open);
  }

  #add(open: Open): void {
    if (open.stream.isEnded) return;
    if (this.#isStopped) return open.stream.close();
    // Whoever is the first is told of it by the feed's own look.
    const { underWay } = this.#parts.feed;
    if (underWay !== null) open.stream.tell(underWay);
    this.#open.add(open);
    this.#timer ??= setInterval(() => this.#tick(), SECOND_MS);
    this.#unwatch ??= this.#parts.feed.watch((news) => this.#tell(news));
  }

  #rest(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#unwatch?.();
    this.#unwatch = null;
    this.#last = null;
  }

  #tell(news: LiveNews): void {
    for (const { stream } of this.#open) stream.tell(news);
    if (changesRights(news)) void this.#lookAgain();
  }

  /** One after the other: finding out who somebody is may take a look at their connection. */
  async #lookAgain(): Promise<void> {
    for (const { stream } of this.#open) await stream.lookAgain();
  }

  #tick(): void {
    for (const open of this.#open) {
      open.ageSeconds++;
      if (open.ageSeconds >= open.lifeSeconds) open.stream.close();
      else if (open.ageSeconds % HEARTBEAT_SECONDS === 0) open.stream.beat();
      if (open.ageSeconds % LOOK_SECONDS === 0) void open.stream.lookAgain();
    }
  }

  #write(news: LiveNews, { isAdministrator }: Standing): Uint8Array {
    if (this.#last?.news !== news) this.#last = { news, forAdministrators: null, forOthers: null };
    const last = this.#last;
    if (isAdministrator) return (last.forAdministrators ??= this.#textOf(news, true));
    return (last.forOthers ??= this.#textOf(news, false));
  }

  #textOf(news: LiveNews, tellsWho: boolean): Uint8Array {
    const message = liveMessageOf(news, tellsWho);
    this.#parts.check?.(message);
    const id = news.kind === "happened" ? news.event.id : this.#parts.feed.lastEventId;
    return eventText(id, message);
  }

  #refuseTooMany(client: string): void {
    const own = this.#byClient.get(client) ?? 0;
    const isFull = [...this.#byClient.values()].reduce((sum, count) => sum + count, 0) >= this.#limits.inAll;
    if (!isFull && own < this.#limits.perClient && !this.#isStopped) return;
    const why = this.#isStopped
      ? "larder stops"
      : isFull
        ? `${this.#limits.inAll} clients watch already, which is as many as larder tells`
        : `${own} streams are open for ${client} already, which is as many as one address may have`;
    throw new RegistryError("UNAVAILABLE", why, { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  /** Counts one more for the client; what comes back takes that back, once. */
  #take(client: string): () => void {
    this.#byClient.set(client, (this.#byClient.get(client) ?? 0) + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#byClient.get(client) ?? 1) - 1;
      if (left === 0) this.#byClient.delete(client);
      else this.#byClient.set(client, left);
    };
  }
}

function changesRights(news: LiveNews): boolean {
  return news.kind === "changed" && (news.what === "accounts" || news.what === "settings");
}
