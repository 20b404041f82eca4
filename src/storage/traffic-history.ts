/**
 * The contract of when what was answered: sums over short times for the last days, over longer ones for the last months, so that
 * it never grows beyond some megabytes, however long a larder runs.
 */
import type { NamespaceTraffic } from "./statistics.ts";

/** How long a time is summed up, in milliseconds, and how many such times are kept. Those in which nothing was answered are none. */
export type HistoryStep = { readonly stepMs: number; readonly kept: number };

/** Five minutes for two days, and hours for ninety. */
export const HISTORY_STEPS: readonly [fine: HistoryStep, coarse: HistoryStep] = [
  { stepMs: 300_000, kept: 576 },
  { stepMs: 3_600_000, kept: 2160 },
];

/** So many namespaces have sums of their own in each time, those that came first; more are `OTHER_NAMESPACES`. */
export const HISTORY_NAMESPACES = 32;

/** What was answered for a namespace from `atMs` on, for as long as the step. */
export type PastTraffic = NamespaceTraffic & { readonly atMs: number };

/** When what was answered. It is added to with the traffic itself (`StatisticsStore.addTraffic`). */
export interface TrafficHistory {
  /**
   * The sums of a step's times that begin at `fromMs` or later and before `toMs`, in their order, by namespace. Some hundred times
   * are to be asked for at once at most.
   */
  history(stepMs: number, fromMs: number, toMs: number): Promise<readonly PastTraffic[]>;
}

/** When the time begins that a moment is in. */
export function beginningOf(atMs: number, stepMs: number): number {
  return Math.floor(atMs / stepMs) * stepMs;
}

/**
 * Which of a step's times are given up when another has begun. They are counted, not judged by the clock, since that may be wrong
 * for a while: a jump ahead makes some times in the future, and takes nothing. Where there are too many, those go first that are
 * too old by the clock, then those ahead of it, the furthest first, then the oldest.
 */
export function timesToGiveUp(
  times: readonly number[],
  nowMs: number,
  { stepMs, kept }: HistoryStep,
): readonly number[] {
  const excess = times.length - kept;
  if (excess <= 0) return [];
  const sorted = times.toSorted((a, b) => a - b);
  const tooOld = sorted.filter((atMs) => atMs < nowMs - (kept + 1) * stepMs);
  const ahead = sorted.filter((atMs) => atMs > nowMs).toReversed();
  const doubted = new Set([...tooOld, ...ahead]);
  return [...doubted, ...sorted.filter((atMs) => !doubted.has(atMs))].slice(0, excess);
}
