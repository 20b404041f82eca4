import { useEffect, useMemo, useState } from "preact/hooks";
import type { AnswerOf } from "../../admin/contract.ts";
import { formatBytes } from "../../lib/text/format-bytes.ts";
import { useLive } from "../api/live.ts";
import { useAnswer } from "../api/use-answer.ts";
import { type Column, DataTable } from "../parts/data-table.tsx";
import { Plot } from "../parts/plot.tsx";
import { ProblemNote } from "../parts/problem-note.tsx";
import { go, hrefOf } from "../parts/route.ts";
import { Tabs } from "../parts/tabs.tsx";
import { hitRates, sumOf, totalsOf } from "./history-sums.ts";

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const RANGES = [
  { id: "1h", name: "1 hour", ms: HOUR_MS, step: 5 * MINUTE_MS },
  { id: "24h", name: "24 hours", ms: 24 * HOUR_MS, step: 5 * MINUTE_MS },
  { id: "7d", name: "7 days", ms: 168 * HOUR_MS, step: HOUR_MS },
  { id: "90d", name: "90 days", ms: 2160 * HOUR_MS, step: 12 * HOUR_MS },
] as const;
type RangeId = (typeof RANGES)[number]["id"];
/** What is plotted is of minutes: it is asked for again as often. */
const REFRESH_MS = MINUTE_MS;

type History = AnswerOf<"getHistory">;

/** Hits and bytes over time, plotted, and by namespace. */
export function AnsweredSection({ query }: { readonly query: URLSearchParams }) {
  const range = RANGES.find(({ id }) => id === query.get("over")) ?? RANGES[1];
  const from = useNow() - range.ms;
  const { answer, problem, again } = useAnswer("getHistory", { from, step: range.step, by: "namespace" });
  const choose = (id: RangeId) => go(hrefOf("activity", "", { over: id === "24h" ? undefined : id }), false);
  return (
    <section aria-labelledby="answered">
      <h2 id="answered">Answered</h2>
      <LastSecond />
      <ProblemNote problem={problem} again={again} />
      <Tabs label="Over which time" tabs={RANGES} current={range.id} onChange={choose}>
        {answer !== null && <Answered history={answer} over={range.name} />}
      </Tabs>
    </section>
  );
}

function Answered({ history, over }: { readonly history: History; readonly over: string }) {
  const { times, series } = history;
  const drawn = useMemo(() => {
    const seconds = times.map((ms) => ms / 1000);
    const [disk, upstream] = [sumOf(series, "bytesFromDisk"), sumOf(series, "bytesFromUpstream")];
    return {
      seconds,
      bytes: [
        { name: "from disk", values: disk, tone: "accent" },
        { name: "from upstream", values: upstream, tone: "warn" },
      ] as const,
      rates: [{ name: "hit rate", values: hitRates(series), tone: "accent" }] as const,
    };
  }, [history]);
  const totals = totalsOf(series);
  return (
    <>
      <div class="plots">
        <Plot title={`Bytes over ${over}`} times={drawn.seconds} lines={drawn.bytes} format={formatBytes} />
        <Plot
          title={`Hit rate over ${over}`}
          times={drawn.seconds}
          lines={drawn.rates}
          format={(value) => `${Math.round(value)} %`}
          whole={100}
        />
      </div>
      {totals.length === 0 ? (
        <p class="quiet">Nothing was asked for in that time.</p>
      ) : (
        <DataTable
          caption={`By namespace, over ${over}`}
          columns={COLUMNS}
          rows={totals}
          keyOf={({ namespace }) => namespace ?? ""}
        />
      )}
    </>
  );
}

/** What was answered just now; nothing while nothing is. */
function LastSecond() {
  const [text, setText] = useState<string | null>(null);
  useLive((message) => {
    if (message.kind !== "traffic") return;
    const { hits, misses, overMs, bytesFromUpstream } = message;
    const perSecond = (count: number) => Math.round((count * 1000) / Math.max(1, overMs));
    const fetched = bytesFromUpstream === 0 ? "" : `, ${formatBytes(perSecond(bytesFromUpstream))}/s from upstream`;
    setText(`${perSecond(hits)} hits and ${perSecond(misses)} misses a second${fetched}`);
  });
  useEffect(() => {
    if (text === null) return undefined;
    const timer = setTimeout(() => setText(null), 3000);
    return () => clearTimeout(timer);
  }, [text]);
  return <p class="quiet">{text ?? "Nobody asks for anything just now."}</p>;
}

/** The beginning of this minute, so that it is asked for once a minute. */
function useNow(): number {
  const [now, setNow] = useState(thisMinute);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === "visible" && setNow(thisMinute()), REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function thisMinute(): number {
  return Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
}

const COLUMNS: readonly Column<ReturnType<typeof totalsOf>[number]>[] = [
  { id: "namespace", name: "Namespace", cell: ({ namespace }) => namespace ?? "all" },
  { id: "hits", name: "Hits", isFigure: true, cell: ({ hits }) => hits.toLocaleString("en") },
  { id: "misses", name: "Misses", isFigure: true, cell: ({ misses }) => misses.toLocaleString("en") },
  { id: "stale", name: "Stale", isFigure: true, cell: ({ stale }) => stale.toLocaleString("en") },
  { id: "rate", name: "Hit rate", isFigure: true, cell: ({ rate }) => (rate === null ? "–" : `${Math.round(rate)} %`) },
  { id: "disk", name: "From disk", isFigure: true, cell: ({ bytesFromDisk }) => formatBytes(bytesFromDisk) },
  {
    id: "upstream",
    name: "From upstream",
    isFigure: true,
    cell: ({ bytesFromUpstream }) => formatBytes(bytesFromUpstream),
  },
];
