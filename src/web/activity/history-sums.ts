import type { HistorySeries } from "../../admin/activity-schemas.ts";

type Figure = "hits" | "misses" | "stale" | "bytesFromDisk" | "bytesFromUpstream";

/** What was answered for a namespace over all times; `rate` is the share of hits in percent, null where nothing was asked. */
export type HistoryTotal = Readonly<Record<Figure, number>> & {
  readonly namespace: string | null;
  readonly rate: number | null;
};

/** The sum of all namespaces, for each time. */
export function sumOf(series: readonly HistorySeries[], figure: Figure): readonly number[] {
  const length = series[0]?.[figure].length ?? 0;
  return Array.from({ length }, (_, index) => series.reduce((sum, one) => sum + (one[figure][index] ?? 0), 0));
}

/** The share of hits for each time, in percent; null where nothing was asked for. */
export function hitRates(series: readonly HistorySeries[]): readonly (number | null)[] {
  const [hits, misses] = [sumOf(series, "hits"), sumOf(series, "misses")];
  return hits.map((hit, index) => rateOf(hit, misses[index] ?? 0));
}

/** Each namespace for which something was answered, with its sums. */
export function totalsOf(series: readonly HistorySeries[]): readonly HistoryTotal[] {
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  return series
    .map(({ namespace, ...counts }) => {
      const [hits, misses, stale] = [total(counts.hits), total(counts.misses), total(counts.stale)];
      const bytes = {
        bytesFromDisk: total(counts.bytesFromDisk),
        bytesFromUpstream: total(counts.bytesFromUpstream),
      };
      return { namespace, hits, misses, stale, ...bytes, rate: rateOf(hits, misses) };
    })
    .filter(({ hits, misses, bytesFromUpstream }) => hits + misses + bytesFromUpstream > 0);
}

function rateOf(hits: number, misses: number): number | null {
  return hits + misses === 0 ? null : (100 * hits) / (hits + misses);
}
