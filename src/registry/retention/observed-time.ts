/**
 * How time went by while larder ran, as far as it can be told from looks at the clock that are a day apart at most. A clock
 * that strides further than that, or goes back, is doubted: what would go by its word waits until a day was seen to go by.
 */
export type ObservedTime = {
  /** The clock at the last look. */
  readonly seenAtMs: number;
  /** The clock is doubted until so much more was seen to go by; 0: it is believed. */
  readonly doubtMs: number;
};

/** Longer than this between two looks was not seen to go by. */
const LONGEST_STRIDE_MS = 86_400_000;
/** A clock that is set right goes back by less than this. */
const SMALL_STEP_MS = 600_000;
/** For so long a clock is doubted. */
export const DOUBT_MS = 86_400_000;

/** What another look at the clock tells; `before` is null at the first one ever, which is believed. */
export function observe(before: ObservedTime | null, nowMs: number): ObservedTime {
  if (before === null) return { seenAtMs: nowMs, doubtMs: 0 };
  const strideMs = nowMs - before.seenAtMs;
  if (strideMs < -SMALL_STEP_MS || strideMs > LONGEST_STRIDE_MS) return { seenAtMs: nowMs, doubtMs: DOUBT_MS };
  return { seenAtMs: nowMs, doubtMs: Math.max(0, before.doubtMs - Math.max(0, strideMs)) };
}
