const STEPS = [
  { unit: "year", seconds: 31_557_600 },
  { unit: "month", seconds: 2_629_800 },
  { unit: "week", seconds: 604_800 },
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3600 },
  { unit: "minute", seconds: 60 },
] as const;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });

/** The time between two moments, in milliseconds since 1970, in words. */
export function formatAgo(atMs: number, nowMs: number): string {
  const seconds = (atMs - nowMs) / 1000;
  const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
  return step === undefined ? "just now" : relative.format(Math.trunc(seconds / step.seconds), step.unit);
}
