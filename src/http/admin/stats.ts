import type { NamespaceCounts, NamespaceStats, Stats, VerificationAnswer } from "../../admin/server-schemas.ts";
import type { Collector } from "../../registry/collector.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { Verifications } from "../../registry/verification/verifications.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";

const NOTHING = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };

type StatsParts = {
  readonly traffic: TrafficCounter;
  readonly lastingTraffic: LastingTraffic;
  readonly upstreams: Upstreams;
  readonly startedAtMs: number;
  readonly aside: { totals(): Promise<Stats["aside"]> };
  readonly collector: Collector;
  readonly verifications: Verifications;
  readonly guard: { readonly problem: string | null };
};

/** What larder has answered, since its start and in all, and what its operator should know of the store. */
export async function stats(parts: StatsParts): Promise<Stats> {
  const { traffic, lastingTraffic, upstreams, startedAtMs, aside, collector, guard } = parts;
  return {
    sinceMs: startedAtMs,
    offline: upstreams.offline,
    namespaces: namespacesOf(traffic, upstreams),
    total: await totalOf(lastingTraffic, upstreams),
    aside: await aside.totals(),
    verification: await verificationOf(parts.verifications),
    collectionRefusal: collector.refusal,
    storeProblem: guard.problem,
  };
}

/** Counts for each registry that was asked for, that told how much may still be pulled, or that cannot be reached. */
function namespacesOf(traffic: TrafficCounter, upstreams: Upstreams): Stats["namespaces"] {
  const byNamespace = new Map(traffic.all().map((entry) => [entry.namespace, entry]));
  const limits = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.rateLimit()]));
  const states = new Map(upstreams.all().map(({ namespace, client }) => [namespace, client.reachability()]));
  const told = [...limits.keys()].filter((name) => limits.get(name) !== null || states.get(name) === "away");
  const names = [...new Set([...byNamespace.keys(), ...told])].sort();
  return names.map((namespace): NamespaceStats => {
    const counts = countsOf(byNamespace.get(namespace) ?? { namespace, ...NOTHING }, upstreams);
    return { ...counts, upstream: states.get(namespace) ?? null, rateLimit: limits.get(namespace) ?? null };
  });
}

/** How verification does; null when the store cannot be read. */
async function verificationOf(verifications: Verifications): Promise<VerificationAnswer | null> {
  const state = await verifications.state().catch(() => null);
  if (state === null) return null;
  const { pass, rotten, first } = state;
  const { lastEndedAtMs = null, after: _, ...shown } = pass ?? {};
  return {
    pass: pass === null ? null : (shown as VerificationAnswer["pass"]),
    lastEndedAtMs,
    rotten,
    first: [...first],
  };
}

/** Counts over all starts; null when the store cannot be read, which `storeProblem` tells of. */
async function totalOf(traffic: LastingTraffic, upstreams: Upstreams): Promise<Stats["total"]> {
  const total = await traffic.read().catch(() => null);
  if (total === null) return null;
  const sorted = total.namespaces.toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
  return { sinceMs: total.sinceMs, namespaces: sorted.map((one) => countsOf(one, upstreams)) };
}

function countsOf(traffic: ReturnType<TrafficCounter["all"]>[number], upstreams: Upstreams): NamespaceCounts {
  return { ...traffic, bytesSaved: upstreams.knows(traffic.namespace) ? traffic.bytesFromDisk : 0 };
}
