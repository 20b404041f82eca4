import type { Namespace } from "../../oci/repository-name.ts";
import {
  type NamespaceTraffic,
  OTHER_NAMESPACES,
  type StatisticsStore,
  type StoreTotals,
  TRAFFIC_NAMESPACES,
} from "../statistics.ts";

/** Figures of a store in memory, which is asked each time what it holds. */
export class MemoryStatistics implements StatisticsStore {
  readonly #count: () => StoreTotals;
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

  async addTraffic(added: readonly NamespaceTraffic[]): Promise<void> {
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
