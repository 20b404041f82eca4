import type { NamespaceCounts, NamespaceStats, Stats, VerificationAnswer } from "../../admin/server-schemas.ts";
import type { Collector } from "../../registry/collector.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { TrafficCounter } from "../../registry/pull/traffic.ts";
import type { Verifications } from "../../registry/verification/verifications.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import { seenRot } from "../../registry/verification/seen-rot.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { NamespaceTraffic } from "../../storage/statistics.ts";
import { namespaceTeller } from "./seen-namespaces.ts";

type Teller = ReturnType<typeof namespaceTeller>;

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
export async function stats(parts: StatsParts, mayPull: MayPull): Promise<Stats> {
  const tell = namespaceTeller(parts.upstreams, mayPull);
  const { traffic, lastingTraffic, upstreams, startedAtMs, aside, collector, guard } = parts;
  return {
    sinceMs: startedAtMs,
    offline: upstreams.offline,
    namespaces: namespacesOf(await toldTraffic(traffic.all(), tell), upstreams),
    total: await totalOf(lastingTraffic, upstreams, tell),
    aside: await aside.totals(),
    verification: await verificationOf(parts.verifications, mayPull),
    collectionRefusal: collector.refusal,
    storeProblem: guard.problem,
  };
}

/** Counts for each registry that was asked for, that told how much may still be pulled, or that cannot be reached. */
function namespacesOf(traffic: readonly NamespaceTraffic[], upstreams: Upstreams): Stats["namespaces"] {
  const byNamespace = new Map(traffic.map((entry) => [entry.namespace, entry]));
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
async function verificationOf(verifications: Verifications, mayPull: MayPull): Promise<VerificationAnswer | null> {
  const state = await verifications.state().catch(() => null);
  if (state === null) return null;
  const { pass, rotten, first } = state;
  const { lastEndedAtMs = null, after: _, ...shown } = pass ?? {};
  return {
    pass: pass === null ? null : (shown as VerificationAnswer["pass"]),
    lastEndedAtMs,
    rotten,
    first: [...(await seenRot(first, mayPull))],
  };
}

/** Counts over all starts; null when the store cannot be read, which `storeProblem` tells of. */
async function totalOf(traffic: LastingTraffic, upstreams: Upstreams, tell: Teller): Promise<Stats["total"]> {
  const total = await traffic.read().catch(() => null);
  if (total === null) return null;
  const sorted = (await toldTraffic(total.namespaces, tell)).toSorted((a, b) => (a.namespace < b.namespace ? -1 : 1));
  return { sinceMs: total.sinceMs, namespaces: sorted.map((one) => countsOf(one, upstreams)) };
}

/** The traffic by the names that whoever asks is told. */
async function toldTraffic(all: readonly NamespaceTraffic[], tell: Teller): Promise<readonly NamespaceTraffic[]> {
  const sums = new Map<Namespace, NamespaceTraffic>();
  for (const one of all) {
    const namespace = await tell(one.namespace);
    const sum = sums.get(namespace) ?? { namespace, ...NOTHING };
    sums.set(namespace, {
      namespace,
      hits: sum.hits + one.hits,
      misses: sum.misses + one.misses,
      stale: sum.stale + one.stale,
      bytesFromDisk: sum.bytesFromDisk + one.bytesFromDisk,
      bytesFromUpstream: sum.bytesFromUpstream + one.bytesFromUpstream,
    });
  }
  return [...sums.values()];
}

function countsOf(traffic: NamespaceTraffic, upstreams: Upstreams): NamespaceCounts {
  return { ...traffic, bytesSaved: upstreams.knows(traffic.namespace) ? traffic.bytesFromDisk : 0 };
}
