import { SingleFlight } from "../../lib/async/single-flight.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { NamespaceTraffic, StatisticsStore, Traffic } from "../../storage/statistics.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import type { TrafficCounter } from "./traffic.ts";

/**
 * Counts traffic over all starts of the server. The counts are written every few seconds, so no pull waits for it, and
 * a crash loses no more than those seconds.
 */
export class LastingTraffic {
  readonly #counter: TrafficCounter;
  readonly #store: StatisticsStore;
  readonly #bestEffort: BestEffortWrites;
  readonly #now: () => number;
  /** What the store has been told of what was counted, by namespace. */
  readonly #told = new Map<Namespace, Traffic>();
  readonly #saving = new SingleFlight<"save", void>();

  /** `now`: milliseconds since 1970. */
  constructor(counter: TrafficCounter, store: StatisticsStore, bestEffort: BestEffortWrites, now: () => number) {
    this.#counter = counter;
    this.#store = store;
    this.#bestEffort = bestEffort;
    this.#now = now;
  }

  /** Tells the store what has come since it was told last. Where it cannot be written, that is for the next time. */
  save(): Promise<void> {
    return this.#saving.run("save", () => this.#save());
  }

  /** All of it, what the store has not been told yet included. Throws what the store throws. */
  async read(): Promise<{ readonly sinceMs: number; readonly namespaces: readonly NamespaceTraffic[] }> {
    const { sinceMs, namespaces } = await this.#store.traffic();
    const sums = new Map(namespaces.map((one) => [one.namespace, one]));
    for (const one of this.#untold()) {
      const { namespace } = one;
      sums.set(namespace, { namespace, ...combine(sums.get(namespace) ?? NOTHING, one, (a, b) => a + b) });
    }
    return { sinceMs, namespaces: [...sums.values()] };
  }

  async #save(): Promise<void> {
    const added = this.#untold();
    if (added.length === 0) return;
    const written = await this.#bestEffort.attempt("what was answered", async () => {
      await this.#store.addTraffic(added, this.#now());
      return true;
    });
    if (written === null) return;
    for (const { namespace, ...traffic } of added) {
      this.#told.set(
        namespace,
        combine(this.#told.get(namespace) ?? NOTHING, traffic, (a, b) => a + b),
      );
    }
  }

  #untold(): readonly NamespaceTraffic[] {
    return this.#counter.all().flatMap(({ namespace, ...traffic }) => {
      const added = combine(traffic, this.#told.get(namespace) ?? NOTHING, (a, b) => a - b);
      return Object.values(added).some((count) => count !== 0) ? [{ namespace, ...added }] : [];
    });
  }
}

const NOTHING: Traffic = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

function combine(a: Traffic, b: Traffic, by: (a: number, b: number) => number): Traffic {
  return {
    hits: by(a.hits, b.hits),
    misses: by(a.misses, b.misses),
    stale: by(a.stale, b.stale),
    bytesFromDisk: by(a.bytesFromDisk, b.bytesFromDisk),
    bytesFromUpstream: by(a.bytesFromUpstream, b.bytesFromUpstream),
  };
}
