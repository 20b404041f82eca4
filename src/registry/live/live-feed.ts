import type { EventStore, StoreEvent } from "../../storage/events.ts";
import type { Changes, ChangeTopic } from "./changes.ts";

/** Something to tell those who watch. `everything`: too much was missed to tell of it. */
export type LiveNews =
  | { readonly kind: "happened"; readonly event: StoreEvent }
  | { readonly kind: "changed"; readonly what: ChangeTopic | "everything" };

/** Who was away for longer than this many events asks for everything again. */
const MOST_MISSED = 1000;

/** The parts of a feed. */
export type LiveFeedParts = {
  readonly events: Pick<EventStore, "listAfter" | "listBefore" | "subscribe">;
  readonly changes: Changes;
};

/** Tells whoever watches what is happening, and who was away for a moment what they missed. */
export class LiveFeed {
  readonly #events: LiveFeedParts["events"];
  readonly #watchers = new Set<(news: LiveNews) => void>();
  /** With the newest event at that time. */
  readonly #changedAt = new Map<ChangeTopic, number>();
  #firstEventId = 0;
  #lastEventId = 0;

  constructor({ events, changes }: LiveFeedParts) {
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
    return () => void this.#watchers.delete(watcher);
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

  #tell(news: LiveNews): void {
    for (const watcher of this.#watchers) watcher(news);
  }
}

const EVERYTHING: LiveNews = { kind: "changed", what: "everything" };
