import { HISTORY_SERIES, HISTORY_TIMES, type HistorySeries } from "../../admin/activity-schemas.ts";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { LastingTraffic } from "../../registry/pull/lasting-traffic.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import { OTHER_NAMESPACES } from "../../storage/statistics.ts";
import { namespaceTeller } from "./seen-namespaces.ts";
import { beginningOf, HISTORY_STEPS, type TrafficHistory } from "../../storage/traffic-history.ts";

/** What the history is read from. */
export type HistoryParts = {
  readonly statistics: TrafficHistory;
  readonly lastingTraffic: Pick<LastingTraffic, "save">;
  readonly upstreams: Pick<Upstreams, "knows">;
  readonly turns: Turns;
  /** Milliseconds since 1970. */
  readonly now: () => number;
};

const DAY_MS = 86_400_000;
/** So many times are enough for a plot, where nobody says how many. */
const TIMES_WANTED = 300;
/** Steps that people think in. */
const ROUND_STEPS_MS = [1, 2, 3, 6, 12, 24, 36, 72, 144, 288].map((times) => times * 300_000);
/** Read at once: some milliseconds. */
const READ_AT_ONCE = 100;

const FIGURES = ["hits", "misses", "stale", "bytesFromDisk", "bytesFromUpstream"] as const;

/** When what was answered, with what has just come. Throws BAD_REQUEST for times that are none, or too many. */
export async function readHistory(
  { statistics, lastingTraffic, upstreams, turns, now }: HistoryParts,
  query: InputOf<"getHistory">,
  signal: AbortSignal,
  mayPull: MayPull,
): Promise<AnswerOf<"getHistory">> {
  const { base, stepMs, times } = chooseTimes(query, now());
  await lastingTraffic.save();
  const work = turns.begin(signal);
  const tell = namespaceTeller(upstreams, mayPull);
  const sums = new Map<string, HistorySeries>();
  const [first = 0, end] = [times[0], (times.at(-1) ?? 0) + stepMs];
  for (let from = first; from < end; from += base * READ_AT_ONCE) {
    const to = Math.min(end, from + base * READ_AT_ONCE);
    for (const { atMs, namespace, ...traffic } of await statistics.history(base, from, to)) {
      const key = query.by === "all" ? "" : await tell(namespace);
      const series = sums.get(key) ?? emptySeries(key === "" ? null : key, times.length);
      sums.set(key, series);
      const index = Math.floor((atMs - first) / stepMs);
      for (const figure of FIGURES) add(series[figure], index, traffic[figure]);
    }
    await work.rest();
  }
  if (query.by === "all" && sums.size === 0) sums.set("", emptySeries(null, times.length));
  return { stepMs, times: [...times], series: largest([...sums.values()], times.length) };
}

type Times = { readonly base: number; readonly stepMs: number; readonly times: readonly number[] };

function chooseTimes({ from, to, step }: InputOf<"getHistory">, nowMs: number): Times {
  const toMs = to ?? nowMs;
  const fromMs = from ?? Math.max(0, toMs - DAY_MS);
  if (fromMs >= toMs) throw new RegistryError("BAD_REQUEST", "`from` is not before `to`");
  const [fine, coarse] = HISTORY_STEPS;
  // A little more than is kept, so that who asks for two days up to now gets them finely.
  const isFine = fromMs > nowMs - (fine.kept + 1) * fine.stepMs;
  const wanted = step ?? ROUND_STEPS_MS.find((ms) => (toMs - fromMs) / ms <= TIMES_WANTED) ?? DAY_MS;
  const base = isFine && wanted % coarse.stepMs !== 0 ? fine.stepMs : coarse.stepMs;
  const stepMs = Math.max(base, Math.ceil(wanted / base) * base);
  const firstMs = beginningOf(fromMs, stepMs);
  const length = Math.ceil((toMs - firstMs) / stepMs);
  if (length > HISTORY_TIMES) {
    const what = `these are ${length} times, and ${HISTORY_TIMES} are the most of one answer; ask with a longer \`step\``;
    throw new RegistryError("BAD_REQUEST", what);
  }
  return { base, stepMs, times: Array.from({ length }, (_, index) => firstMs + index * stepMs) };
}

function emptySeries(namespace: string | null, length: number): HistorySeries {
  const zeros = () => Array.from({ length }, () => 0);
  return {
    namespace,
    hits: zeros(),
    misses: zeros(),
    stale: zeros(),
    bytesFromDisk: zeros(),
    bytesFromUpstream: zeros(),
  };
}

function add(counts: readonly number[], index: number, more: number): void {
  (counts as number[])[index] = (counts[index] ?? 0) + more;
}

/** The namespaces with the most bytes, each for itself, and one for the rest. */
function largest(all: readonly HistorySeries[], length: number): HistorySeries[] {
  const sizes = new Map(all.map((one) => [one, sizeOf(one)]));
  const named = all.filter(({ namespace }) => namespace !== OTHER_NAMESPACES);
  const sorted = named.toSorted((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  const rest = [...sorted.slice(HISTORY_SERIES), ...all.filter(({ namespace }) => namespace === OTHER_NAMESPACES)];
  if (rest.length === 0) return sorted;
  const other = emptySeries(OTHER_NAMESPACES, length);
  for (const series of rest) {
    for (const figure of FIGURES)
      for (const [index, value] of series[figure].entries()) add(other[figure], index, value);
  }
  return [...sorted.slice(0, HISTORY_SERIES), other];
}

function sizeOf({ bytesFromDisk, bytesFromUpstream, hits, misses }: HistorySeries): number {
  const sum = (counts: readonly number[]) => counts.reduce((total, value) => total + value, 0);
  // Answers without bytes still count for something.
  return sum(bytesFromDisk) + sum(bytesFromUpstream) + sum(hits) + sum(misses);
}
