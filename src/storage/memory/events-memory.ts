import { AUDIT_KEPT, AUDIT_KEPT_MS } from "../audit.ts";
import { type EventTold, happeningOf } from "../event-told.ts";
import { EVENTS_KEPT, EVENTS_KEPT_MS, type EventStore, type NewEvent, type StoreEvent } from "../events.ts";
import { Subscribers } from "../subscribers.ts";
import type { MemoryDeliveries } from "./deliveries-memory.ts";

/** The old ones are taken away once in so many. */
const TRIM_EVERY = 100;

/** Events in memory. */
export class MemoryEvents implements EventStore {
  readonly #deliveries: MemoryDeliveries;
  #events: StoreEvent[] = [];
  #lastId = 0;
  #added = 0;
  readonly #subscribers = new Subscribers<[StoreEvent]>();

  constructor(deliveries: MemoryDeliveries) {
    this.#deliveries = deliveries;
  }

  add(event: NewEvent, told: EventTold = {}): void {
    this.#deliveries.note(() => happeningOf(event, told));
    const stored = { ...event, id: this.takeId() };
    this.#events.push(stored);
    if (++this.#added % TRIM_EVERY === 0) this.#trim(event.atMs);
    this.#subscribers.tell(stored);
  }

  /** The next id, of an event or of an audit entry. */
  takeId(): number {
    return ++this.#lastId;
  }

  async listAfter(id: number, limit: number): Promise<readonly StoreEvent[]> {
    return this.#events.filter((event) => event.id > id).slice(0, limit);
  }

  async listBefore(id: number | null, limit: number): Promise<readonly StoreEvent[]> {
    return this.#events
      .filter((event) => id === null || event.id < id)
      .toReversed()
      .slice(0, limit);
  }

  subscribe(listener: (event: StoreEvent) => void): () => void {
    return this.#subscribers.add(listener);
  }

  async append(event: NewEvent): Promise<void> {
    this.add(event);
  }

  #trim(nowMs: number): void {
    const [changes, others] = [this.#events.filter(isChange), this.#events.filter((one) => !isChange(one))];
    this.#events = [
      ...changes.filter(({ atMs }) => atMs >= nowMs - AUDIT_KEPT_MS).slice(-AUDIT_KEPT),
      ...others.filter(({ atMs }) => atMs >= nowMs - EVENTS_KEPT_MS).slice(-EVENTS_KEPT),
    ].toSorted((a, b) => a.id - b.id);
  }
}

function isChange({ kind }: StoreEvent): boolean {
  return kind === "pushed" || kind === "removed";
}
