import type { NamespaceCounts, NamespaceStats, Stats } from "../../admin/server-schemas.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";

const NOTHING = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

/** Counts for each namespace that was asked for, or whose registry spoke of an allowance or is away. */
export function statsOf(
  traffic: TrafficCounter,
  upstreams: Upstreams,
  startedAtMs: number,
): Pick<Stats, "sinceMs" | "offline" | "namespaces"> {
  const byNamespace = new Map(traffic.all().map((entry) => [entry.namespace, entry]));
  const limits = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.rateLimit()]));
  const states = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.reachability()]));
  const told = [...limits.keys()].filter((name) => limits.get(name) !== null || states.get(name) === "away");
  const names = [...new Set([...byNamespace.keys(), ...told])].sort();
  const namespaces = names.map((namespace): NamespaceStats => {
    const counts = countsOf(byNamespace.get(namespace) ?? { namespace, ...NOTHING }, upstreams);
    return { ...counts, upstream: states.get(namespace) ?? null, rateLimit: limits.get(namespace) ?? null };
  });
  return { sinceMs: startedAtMs, offline: upstreams.offline, namespaces };
}

/** Counts over all starts; null when the store cannot be read, of which the store itself tells. */
export async function totalOf(traffic: LastingTraffic, upstreams: Upstreams): Promise<Stats["total"]> {
  const total = await traffic.read().catch(() => null);
  if (total === null) return null;
  const sorted = total.namespaces.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
  return { sinceMs: total.sinceMs, namespaces: sorted.map((one) => countsOf(one, upstreams)) };
}

function countsOf(traffic: ReturnType<TrafficCounter["all"]>[number], upstreams: Upstreams): NamespaceCounts {
  return { ...traffic, bytesSaved: upstreams.knows(traffic.namespace) ? traffic.bytesFromDisk : 0 };
}
