import type { Namespace } from "../../oci/repository-name.ts";
import { type NamespaceTraffic, OTHER_NAMESPACES } from "../statistics.ts";
import { beginningOf, HISTORY_NAMESPACES, HISTORY_STEPS, type PastTraffic, timesToGiveUp } from "../traffic-history.ts";

/** When what was answered, in memory: by step, time and namespace. */
export class MemoryTrafficHistory {
  readonly #sums = new Map<number, Map<number, Map<Namespace, PastTraffic>>>(
    HISTORY_STEPS.map(({ stepMs }) => [stepMs, new Map()]),
  );

  add(added: readonly NamespaceTraffic[], nowMs: number): void {
    for (const step of HISTORY_STEPS) {
      const times = this.#sums.get(step.stepMs) ?? new Map<number, Map<Namespace, PastTraffic>>();
      const atMs = beginningOf(nowMs, step.stepMs);
      const sums = times.get(atMs) ?? new Map<Namespace, PastTraffic>();
      times.set(atMs, sums);
      for (const traffic of added) addTo(sums, traffic, atMs);
      for (const given of timesToGiveUp([...times.keys()], nowMs, step)) times.delete(given);
    }
  }

  /** As `TrafficHistory.history`. */
  list(stepMs: number, fromMs: number, toMs: number): readonly PastTraffic[] {
    const times = [...(this.#sums.get(stepMs) ?? [])].filter(([atMs]) => atMs >= fromMs && atMs < toMs);
    return times
      .flatMap(([, sums]) => [...sums.values()])
      .toSorted((a, b) => a.atMs - b.atMs || (a.namespace < b.namespace ? -1 : 1));
  }
}

function addTo(sums: Map<Namespace, PastTraffic>, added: NamespaceTraffic, atMs: number): void {
  const own = sums.size - (sums.has(OTHER_NAMESPACES) ? 1 : 0);
  const namespace = sums.has(added.namespace) || own < HISTORY_NAMESPACES ? added.namespace : OTHER_NAMESPACES;
  const before = sums.get(namespace);
  sums.set(namespace, {
    atMs,
    namespace,
    hits: added.hits + (before?.hits ?? 0),
    misses: added.misses + (before?.misses ?? 0),
    stale: added.stale + (before?.stale ?? 0),
    bytesFromDisk: added.bytesFromDisk + (before?.bytesFromDisk ?? 0),
    bytesFromUpstream: added.bytesFromUpstream + (before?.bytesFromUpstream ?? 0),
  });
}
