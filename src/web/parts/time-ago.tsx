import { useEffect, useState } from "preact/hooks";
import { formatAgo } from "./format-ago.ts";

const REFRESH_MS = 30_000;

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
