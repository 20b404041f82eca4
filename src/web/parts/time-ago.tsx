import { useEffect, useState } from "preact/hooks";

const STEPS = [
  { unit: "year", seconds: 31_557_600 },
  { unit: "month", seconds: 2_629_800 },
  { unit: "week", seconds: 604_800 },
  { unit: "day", seconds: 86_400 },
  { unit: "hour", seconds: 3600 },
  { unit: "minute", seconds: 60 },
] as const;
const REFRESH_MS = 30_000;

const relative = new Intl.RelativeTimeFormat("en", { numeric: "always", style: "short" });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** "3 min. ago", with the local time for who points at it; `never` where there is none. */
export function TimeAgo({ atMs, never = "never" }: { readonly atMs: number | null; readonly never?: string }) {
  const nowMs = useNow();
  if (atMs === null) return <span class="quiet">{never}</span>;
  const at = new Date(atMs);
  return (
    <time dateTime={at.toISOString()} title={exact.format(at)}>
      {formatAgo(atMs, nowMs)}
    </time>
  );
}

/** The time between two moments, in milliseconds since 1970, in words. */
export function formatAgo(atMs: number, nowMs: number): string {
  const seconds = (atMs - nowMs) / 1000;
  const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
  return step === undefined ? "just now" : relative.format(Math.trunc(seconds / step.seconds), step.unit);
}

/** One timer for all that tell the time. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

function useNow(): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const tick = () => setNowMs(Date.now());
    listeners.add(tick);
    timer ??= setInterval(() => {
      for (const listener of listeners) listener();
    }, REFRESH_MS);
    return () => {
      listeners.delete(tick);
      if (listeners.size > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    };
  }, []);
  return nowMs;
}
