import { EVENTS_KEPT, EVENTS_KEPT_MS, type EventStore, type NewEvent, type StoreEvent } from "../events.ts";
import { Subscribers } from "../subscribers.ts";

/** Events in memory. */
export class MemoryEvents implements EventStore {
  #events: StoreEvent[] = [];
  readonly #subscribers = new Subscribers<[StoreEvent]>();

  add(event: NewEvent): void {
    const id = (this.#events.at(-1)?.id ?? 0) + 1;
    const stored = { ...event, id };
    this.#events.push(stored);
    this.#events = this.#events.filter(({ atMs }) => atMs >= event.atMs - EVENTS_KEPT_MS).slice(-EVENTS_KEPT);
    this.#subscribers.tell(stored);
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
}
