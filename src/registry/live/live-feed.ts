import type { EventStore, StoreEvent } from "../../storage/events.ts";
import type { Traffic } from "../../storage/statistics.ts";
import type { Changes, ChangeTopic } from "./changes.ts";
import type { TransferList, TransferWatch } from "./transfer-watch.ts";

/** Something to tell those who watch. `everything`: too much was missed to tell of it. */
export type LiveNews =
  | { readonly kind: "happened"; readonly event: StoreEvent }
  | { readonly kind: "changed"; readonly what: ChangeTopic | "everything" }
  | ({ readonly kind: "transfers"; readonly atMs: number } & TransferList)
  | ({ readonly kind: "traffic"; readonly atMs: number; readonly overMs: number } & Traffic);

/** Who was away for longer than this many events asks for everything again. */
const MOST_MISSED = 1000;

/** The parts of a feed. */
export type LiveFeedParts = {
  readonly events: Pick<EventStore, "listAfter" | "listBefore" | "subscribe">;
  readonly changes: Changes;
  readonly transfers: Pick<TransferWatch, "look">;
  /** What was answered since larder started. */
  readonly traffic: () => readonly Traffic[];
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

/** How often it is looked at what is on its way. */
const LOOK_MS = 1000;

/** Tells whoever watches what is happening, and who was away for a moment what they missed. */
export class LiveFeed {
  readonly #parts: LiveFeedParts;
  readonly #events: LiveFeedParts["events"];
  readonly #watchers = new Set<(news: LiveNews) => void>();
  /** With the newest event at that time. */
  readonly #changedAt = new Map<ChangeTopic, number>();
  #timer: Timer | null = null;
  #lastTransfers: TransferList = NOTHING_MOVES;
  #lastTraffic: { readonly atMs: number; readonly sums: Traffic } | null = null;
  #firstEventId = 0;
  #lastEventId = 0;

  constructor(parts: LiveFeedParts) {
    const { events, changes } = parts;
    this.#parts = parts;
    this.#events = events;
    events.subscribe((event) => {
      this.#lastEventId = event.id;
      this.#tell({ kind: "happened", event });
    });
    changes.subscribe((what) => {
      this.#changedAt.set(what, this.#lastEventId);
      this.#tell({ kind: "changed", what });
    });
  }

  /** To be called before the first request. Where the store cannot be read, whoever comes back asks for everything. */
  async start(): Promise<void> {
    const [newest] = await this.#events.listBefore(null, 1).catch(() => []);
    this.#lastEventId = Math.max(this.#lastEventId, newest?.id ?? 0);
    this.#firstEventId = this.#lastEventId;
  }

  /** The newest event's id; 0: there is none. */
  get lastEventId(): number {
    return this.#lastEventId;
  }

  /** Tells of all that happens from now on. The watcher must be quick, and must not throw. Returns what ends that. */
  watch(watcher: (news: LiveNews) => void): () => void {
    this.#watchers.add(watcher);
    if (this.#timer === null) {
      this.#look();
      this.#timer = setInterval(() => this.#look(), LOOK_MS);
    }
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0 || this.#timer === null) return;
      clearInterval(this.#timer);
      this.#timer = null;
      this.#lastTransfers = NOTHING_MOVES;
      this.#lastTraffic = null;
    };
  }

  /** What is on its way, as watchers were told last, for one who begins to watch; null: nothing is. */
  get underWay(): LiveNews | null {
    if (this.#lastTransfers.transfers.length === 0) return null;
    return { kind: "transfers", atMs: this.#parts.now(), ...this.#lastTransfers };
  }

  /** What somebody missed who was last told of the event with this id. What changed at about that time is told of again. */
  async missedSince(id: number): Promise<readonly LiveNews[]> {
    const events = await this.#events.listAfter(id, MOST_MISSED + 1).catch(() => null);
    if (events === null || events.length > MOST_MISSED || id > this.#lastEventId) return [EVERYTHING];
    const happened = events.map((event): LiveNews => ({ kind: "happened", event }));
    // What changed before this process began, it does not know.
    if (id <= this.#firstEventId) return [...happened, EVERYTHING];
    const changed = [...this.#changedAt].flatMap(([what, at]): LiveNews[] =>
      at >= id ? [{ kind: "changed", what }] : [],
    );
    return [...happened, ...changed];
  }

  #look(): void {
    const atMs = this.#parts.now();
    const transfers = this.#parts.transfers.look();
    if (!Bun.deepEquals(transfers, this.#lastTransfers)) {
      this.#lastTransfers = transfers;
      this.#tell({ kind: "transfers", atMs, ...transfers });
    }
    this.#lookAtTraffic(atMs);
  }

  #lookAtTraffic(atMs: number): void {
    const sums = sumOf(this.#parts.traffic());
    const before = this.#lastTraffic;
    this.#lastTraffic = { atMs, sums };
    if (before === null) return;
    const counts = differenceOf(sums, before.sums);
    if (Object.values(counts).every((count) => count === 0)) return;
    this.#tell({ kind: "traffic", atMs, overMs: Math.max(0, atMs - before.atMs), ...counts });
  }

  #tell(news: LiveNews): void {
    for (const watcher of this.#watchers) watcher(news);
  }
}

const NOTHING_MOVES: TransferList = { transfers: [], more: 0 };

function sumOf(all: readonly Traffic[]): Traffic {
  const sum = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };
  for (const { hits, misses, stale, bytesFromDisk, bytesFromUpstream } of all) {
    sum.hits += hits;
    sum.misses += misses;
    sum.stale += stale;
    sum.bytesFromDisk += bytesFromDisk;
    sum.bytesFromUpstream += bytesFromUpstream;
  }
  return sum;
}

function differenceOf(now: Traffic, before: Traffic): Traffic {
  return {
    hits: now.hits - before.hits,
    misses: now.misses - before.misses,
    stale: now.stale - before.stale,
    bytesFromDisk: now.bytesFromDisk - before.bytesFromDisk,
    bytesFromUpstream: now.bytesFromUpstream - before.bytesFromUpstream,
  };
}

const EVERYTHING: LiveNews = { kind: "changed", what: "everything" };
