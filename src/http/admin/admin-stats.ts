import type { NamespaceStats, StatsAnswer } from "../../admin/admin.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";

const NOTHING = { hits: 0, misses: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

/** Counts for each namespace that was asked for, or whose registry spoke of an allowance or is away. */
export function statsOf(
  traffic: TrafficCounter,
  upstreams: Upstreams,
  startedAtMs: number,
): Pick<StatsAnswer, "sinceMs" | "offline" | "namespaces"> {
  const byNamespace = new Map(traffic.all().map((entry) => [entry.namespace, entry]));
  const limits = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.rateLimit()]));
  const states = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.reachability()]));
  const told = [...limits.keys()].filter((name) => limits.get(name) !== null || states.get(name) === "away");
  const names = [...new Set([...byNamespace.keys(), ...told])].sort();
  const namespaces = names.map((namespace): NamespaceStats => {
    const { hits, misses, bytesFromDisk, bytesFromUpstream } = byNamespace.get(namespace) ?? NOTHING;
    const bytesSaved = upstreams.knows(namespace) ? bytesFromDisk : 0;
    const upstream = states.get(namespace) ?? null;
    const rateLimit = limits.get(namespace) ?? null;
    return { namespace, hits, misses, bytesFromDisk, bytesFromUpstream, bytesSaved, upstream, rateLimit };
  });
  return { sinceMs: startedAtMs, offline: upstreams.offline, namespaces };
}
