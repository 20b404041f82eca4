import {
  type Delivery,
  type DeliveryPlanner,
  type DeliveryStore,
  type Happening,
  type NewDelivery,
  QUEUE_LIMITS,
  type QueueLimits,
  type QueueTally,
} from "../deliveries.ts";
import { Subscribers } from "../subscribers.ts";

/** Deliveries in memory. */
export class MemoryDeliveries implements DeliveryStore {
  readonly #limits: QueueLimits;
  readonly #subscribers = new Subscribers<[string]>();
  readonly #deliveries = new Map<number, Delivery>();
  readonly #dropped = new Map<string, number>();
  readonly #goneSinceMs = new Map<string, number>();
  #planner: DeliveryPlanner | null = null;
  #lastId = 0;

  constructor(limits: QueueLimits = QUEUE_LIMITS) {
    this.#limits = limits;
  }

  note(tell: () => Happening): void {
    for (const delivery of this.#planner?.(tell()) ?? []) this.#insert(delivery);
  }

  plan(planner: DeliveryPlanner | null): void {
    this.#planner = planner;
  }

  async add(deliveries: readonly NewDelivery[]): Promise<void> {
    for (const delivery of deliveries) this.#insert(delivery);
  }

  async next(endpoint: string): Promise<Delivery | null> {
    return this.#of(endpoint, false)[0] ?? null;
  }

  async done(id: number): Promise<void> {
    this.#deliveries.delete(id);
  }

  async failed(id: number): Promise<void> {
    this.#change(id, ({ attempts }) => ({ attempts: attempts + 1 }));
  }

  async giveUp(id: number, failure: string, atMs: number): Promise<void> {
    this.#change(id, () => ({ givenUpAtMs: atMs, failure }));
    const endpoint = this.#deliveries.get(id)?.endpoint ?? "";
    const byTime = this.#of(endpoint, true).toSorted(
      (a, b) => (b.givenUpAtMs ?? 0) - (a.givenUpAtMs ?? 0) || b.id - a.id,
    );
    for (const old of byTime.slice(this.#limits.givenUp)) this.#deliveries.delete(old.id);
  }

  onQueued(listener: (endpoint: string) => void): void {
    this.#subscribers.add(listener);
  }

  async tallies(): Promise<readonly QueueTally[]> {
    return [...this.#dropped.keys()].sort().map((endpoint) => ({
      endpoint,
      waiting: this.#of(endpoint, false).length,
      waitingBytes: this.#bytesOf(endpoint),
      givenUp: this.#of(endpoint, true).length,
      dropped: this.#dropped.get(endpoint) ?? 0,
    }));
  }

  async listGivenUp(endpoint: string | null, before: number | null, limit: number): Promise<readonly Delivery[]> {
    return this.#of(endpoint, true)
      .filter(({ id }) => before === null || id < before)
      .toReversed()
      .slice(0, limit);
  }

  async getGivenUp(id: number): Promise<Delivery | null> {
    return this.#of(null, true).find((one) => one.id === id) ?? null;
  }

  async retry(endpoint: string | null, id: number | null = null): Promise<number> {
    const given = this.#of(endpoint, true).filter((one) => id === null || one.id === id);
    for (const { id } of given) this.#change(id, () => ({ givenUpAtMs: null, failure: null, attempts: 0 }));
    for (const one of new Set(given.map((delivery) => delivery.endpoint))) this.#subscribers.tell(one);
    return given.length;
  }

  async drop(endpoint: string | null, what: "given-up" | "all", id: number | null = null): Promise<number> {
    const given = this.#of(endpoint, true).filter((one) => id === null || one.id === id);
    const meant = [...given, ...(what === "all" && id === null ? this.#of(endpoint, false) : [])];
    for (const one of meant) this.#deliveries.delete(one.id);
    return meant.length;
  }

  async keepOnly(endpoints: readonly string[], nowMs: number, afterMs: number): Promise<readonly string[]> {
    const gone: string[] = [];
    for (const endpoint of [...this.#dropped.keys()].sort()) {
      const since = endpoints.includes(endpoint) ? null : (this.#goneSinceMs.get(endpoint) ?? nowMs);
      if (since === null) this.#goneSinceMs.delete(endpoint);
      else this.#goneSinceMs.set(endpoint, since);
      if (since === null || since > nowMs - afterMs) continue;
      await this.drop(endpoint, "all");
      for (const noted of [this.#dropped, this.#goneSinceMs]) noted.delete(endpoint);
      gone.push(endpoint);
    }
    return gone;
  }

  #insert(delivery: NewDelivery): void {
    const { endpoint } = delivery;
    const id = ++this.#lastId;
    this.#deliveries.set(id, { ...delivery, id, attempts: 0, givenUpAtMs: null, failure: null });
    const dropped = this.#dropped.get(endpoint) ?? 0;
    const waiting = this.#of(endpoint, false);
    let count = 0;
    const isFull = () => waiting.length - count > this.#limits.waiting || this.#bytesOf(endpoint) > this.#limits.bytes;
    while (count < waiting.length - 1 && isFull()) this.#deliveries.delete(waiting[count++]?.id ?? 0);
    this.#dropped.set(endpoint, dropped + count);
    this.#subscribers.tell(endpoint);
  }

  #of(endpoint: string | null, isGivenUp: boolean): readonly Delivery[] {
    return [...this.#deliveries.values()].filter(
      (one) => (endpoint === null || one.endpoint === endpoint) && (one.givenUpAtMs !== null) === isGivenUp,
    );
  }

  #bytesOf(endpoint: string): number {
    return this.#of(endpoint, false).reduce((sum, { record }) => sum + Buffer.byteLength(record), 0);
  }

  #change(id: number, how: (delivery: Delivery) => Partial<Delivery>): void {
    const known = this.#deliveries.get(id);
    if (known !== undefined) this.#deliveries.set(id, { ...known, ...how(known) });
  }
}
