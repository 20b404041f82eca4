import type { Namespace } from "../../oci/repository-name.ts";
import {
  type NamespaceTraffic,
  OTHER_NAMESPACES,
  type StatisticsStore,
  type StoreTotals,
  TRAFFIC_NAMESPACES,
} from "../statistics.ts";
import type { PastTraffic, TrafficHistory } from "../traffic-history.ts";
import { MemoryTrafficHistory } from "./traffic-history-memory.ts";

/** Figures of a store in memory, which is asked each time what it holds. */
export class MemoryStatistics implements StatisticsStore, TrafficHistory {
  readonly #count: () => StoreTotals;
  readonly #history = new MemoryTrafficHistory();
  readonly #traffic = new Map<Namespace, NamespaceTraffic>();

  constructor(count: () => StoreTotals) {
    this.#count = count;
  }

  async totals(): Promise<StoreTotals> {
    return this.#count();
  }

  async traffic() {
    const byName = [...this.#traffic.values()].sort((a, b) => (a.namespace < b.namespace ? -1 : 1));
    return { sinceMs: 1, namespaces: byName };
  }

  async history(stepMs: number, fromMs: number, toMs: number): Promise<readonly PastTraffic[]> {
    return this.#history.list(stepMs, fromMs, toMs);
  }

  async addTraffic(added: readonly NamespaceTraffic[], atMs: number): Promise<void> {
    this.#history.add(added, atMs);
    for (const one of added) {
      const own = [...this.#traffic.keys()].filter((name) => name !== OTHER_NAMESPACES).length;
      const isCounted = this.#traffic.has(one.namespace) || own < TRAFFIC_NAMESPACES;
      const namespace = isCounted ? one.namespace : OTHER_NAMESPACES;
      const before = this.#traffic.get(namespace);
      this.#traffic.set(namespace, {
        namespace,
        hits: one.hits + (before?.hits ?? 0),
        misses: one.misses + (before?.misses ?? 0),
        stale: one.stale + (before?.stale ?? 0),
        bytesFromDisk: one.bytesFromDisk + (before?.bytesFromDisk ?? 0),
        bytesFromUpstream: one.bytesFromUpstream + (before?.bytesFromUpstream ?? 0),
      });
    }
  }
}
