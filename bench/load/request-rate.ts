/** Asks for one URL over and over: by wrk where it is, else by a generator on Bun, which is slower than fast servers. */
import { outputOf } from "../command.ts";
import { jobOfProcess, reportResult, runLoad } from "./run-load.ts";

type RateJob = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
};

/** Requests a second. Throws when an answer was not a success. */
export async function requestRate(wrk: string | null, job: RateJob): Promise<number> {
  if (wrk !== null) return runWrk(wrk, job);
  return ((await runLoad("request-rate", job)) as { rate: number }).rate;
}

async function runWrk(wrk: string, { url, headers, connections, seconds }: RateJob): Promise<number> {
  const more = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const printed = await outputOf([wrk, "-t1", `-c${connections}`, `-d${seconds}s`, ...more, url]);
  const rate = Number(/^Requests\/sec:\s+([\d.]+)/m.exec(printed)?.[1]);
  if (!(rate > 0) || printed.includes("Non-2xx")) throw new Error(`wrk failed on ${url}:\n${printed}`);
  return rate;
}

async function main({ url, headers, connections, seconds }: RateJob): Promise<{ rate: number }> {
  const startedMs = performance.now();
  const untilMs = startedMs + seconds * 1000;
  let answers = 0;
  const ask = async () => {
    while (performance.now() < untilMs) {
      const response = await fetch(url, { headers });
      if (!response.ok) throw new Error(`status ${response.status} of ${url}`);
      await response.arrayBuffer();
      answers++;
    }
  };
  await Promise.all(Array.from({ length: connections }, ask));
  return { rate: (answers * 1000) / (performance.now() - startedMs) };
}

if (import.meta.main) reportResult(await main(jobOfProcess() as RateJob));
