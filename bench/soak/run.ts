/**
 * `npm run soak`: ten minutes of all that clients do, at once, against one larder whose space is bounded: pushes that move
 * tags, pulls, images that are pulled through once, removals, lists, clients that leave. Every answer is checked, and the
 * process's memory, descriptors and threads and the size of its data have to stay what they are.
 *
 * `npm run soak -- --minutes 60` takes as long. Exit status 1: something grew, or an answer was wrong. Data lies under
 * LARDER_BENCH_FOLDER, which is /var/tmp unless set; LARDER_BENCH_PROGRAM as in `run.ts` beside this folder.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { freePort } from "../free-port.ts";
import { mebibytes } from "../row.ts";
import { startServer } from "../server-process.ts";
import { LARDER } from "../servers/larder.ts";
import { LOADS, type Load, type Target } from "./loads.ts";
import { MadeUpstream } from "./made-upstream.ts";
import { findGrowth, takeVitals, type Vitals } from "./vitals.ts";

const UPSTREAM = "upstream.example";
const SAMPLES = 120;
const FAILURES_SHOWN = 10;

/** What a load has come to. */
type Tally = { readonly load: Load; turns: number; readonly failures: string[] };

async function main(minutes: number): Promise<boolean> {
  const folder = await mkdtemp(join(process.env["LARDER_BENCH_FOLDER"] ?? "/var/tmp", "larder-soak-"));
  const upstream = new MadeUpstream();
  const data = join(folder, "data");
  await Bun.write(join(folder, "larder.yaml"), SETTINGS);
  const port = freePort();
  const argv = [
    LARDER,
    "serve",
    "--config",
    join(folder, "larder.yaml"),
    "--http",
    `127.0.0.1:${port}`,
    "--data",
    data,
  ];
  const larder = await startServer([...argv, "--upstream", `${UPSTREAM}=${upstream.url}`], `http://127.0.0.1:${port}`, {
    path: "/v2/",
  });
  try {
    const until = performance.now() + minutes * 60_000;
    const tallies: readonly Tally[] = LOADS.map((load) => ({ load, turns: 0, failures: [] }));
    const target: Target = { url: larder.url, upstream: UPSTREAM };
    const [samples] = await Promise.all([
      sample(larder.pid, data, until, minutes),
      ...tallies.map((tally) => repeat(tally, target, until)),
    ]);
    return report(tallies, samples);
  } finally {
    await larder.stop();
    await upstream.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Space is bounded by every means, so that it has to be given back all the time. */
const SETTINGS = `
log: error
maxSize: 150MB
gc: { grace: 5s, every: 5s }
untagged: { pushed: 10s, cached: 10s }
`;

async function repeat(tally: Tally, target: Target, until: number): Promise<void> {
  while (performance.now() < until) {
    await tally.load.once(target, tally.turns++).catch((error: unknown) => {
      tally.failures.push(error instanceof Error ? error.message : String(error));
    });
    await Bun.sleep(tally.load.pauseMs);
  }
}

async function sample(pid: number, data: string, until: number, minutes: number): Promise<readonly Vitals[]> {
  const samples: Vitals[] = [];
  while (performance.now() < until) {
    await Bun.sleep((minutes * 60_000) / SAMPLES);
    samples.push(takeVitals(pid, data));
    if (!process.stderr.isTTY) continue;
    const { memory, descriptors, threads, disk, files } = samples.at(-1) as Vitals;
    process.stderr.write(
      `\r${mebibytes(memory)} resident, ${descriptors} descriptors, ${threads} threads, ${mebibytes(disk)} in ${files} files   `,
    );
  }
  if (process.stderr.isTTY) process.stderr.write("\n");
  return samples;
}

/** Prints what it came to. True: all is well. */
function report(tallies: readonly Tally[], samples: readonly Vitals[]): boolean {
  for (const { load, turns, failures } of tallies) {
    console.log(`${load.name}: ${turns} times, ${failures.length} wrong`);
    for (const failure of failures.slice(0, FAILURES_SHOWN)) console.log(`  ${failure}`);
  }
  const growth = findGrowth(samples);
  for (const sentence of growth) console.log(sentence);
  const last = samples.at(-1);
  if (last !== undefined)
    console.log(
      `at the end: ${mebibytes(last.memory)} resident, ${last.descriptors} descriptors, ${mebibytes(last.disk)} on disk`,
    );
  const isWell = growth.length === 0 && tallies.every(({ failures }) => failures.length === 0);
  console.log(isWell ? "nothing grew, and every answer was right" : "NOT WELL");
  return isWell;
}

const { values } = parseArgs({ options: { minutes: { type: "string", default: "10" } } });
process.exitCode = (await main(Number(values.minutes))) ? 0 : 1;
