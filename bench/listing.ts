/**
 * `bun bench/listing.ts [IMAGES]`: what it costs to find images and to list them, and what others notice of it, in a registry
 * of 100,000 images unless told otherwise.
 *
 * LARDER_BENCH_FOLDER and LARDER_BENCH_PROGRAM as in `run.ts`. The store takes a minute to make, and 1 GB of disk meanwhile.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { milliseconds } from "./row.ts";
import { makeScaleStore, scaleImage } from "./scale-store.ts";
import { startLarder } from "./servers/larder.ts";

const ROUNDS = 15;

async function main(images: number): Promise<void> {
  const folder = await mkdtemp(join(process.env["LARDER_BENCH_FOLDER"] ?? "/var/tmp", "larder-listing-"));
  try {
    await mkdir(join(folder, "data"));
    makeScaleStore(join(folder, "data", "larder.db"), images);
    const larder = await startLarder(join(folder, "data"));
    try {
      const some = scaleImage(Math.floor(images / 2));
      const team = some.slice("local/".length, some.lastIndexOf("/"));
      await report("a text that no name has", larder.url, { search: "app505", limit: 1000 });
      await report("a text that one name has", larder.url, { search: some.slice("local/".length), limit: 1 });
      await report("a text that a hundred names have", larder.url, { search: team, limit: 1000 });
      await report("the first 50", larder.url, { limit: 50 });
      await report("the newest 50", larder.url, { sort: "updated", order: "desc", limit: 50 });
      await report("the first 1,000", larder.url, { limit: 1000 });
    } finally {
      await larder.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Asks a few times, one after the other, while another client pulls without a pause. */
async function report(what: string, url: string, query: Readonly<Record<string, string | number>>): Promise<void> {
  const done = new AbortController();
  const pulls = pullOften(url, done.signal);
  const asked = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  const tookMs: number[] = [];
  let found = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const startedMs = performance.now();
    const response = await fetch(`${url}/api/v1/images?${asked.toString()}`);
    if (!response.ok) throw new Error(`a list was answered ${response.status}: ${await response.text()}`);
    found = ((await response.json()) as { images: unknown[] }).images.length;
    tookMs.push(performance.now() - startedMs);
  }
  done.abort();
  const median = tookMs.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0;
  const worst = milliseconds(await pulls);
  console.log(`${what}: ${found} images in ${milliseconds(median)} (median of ${ROUNDS}); longest pull ${worst}`);
}

/** The longest that a pull took, in milliseconds. */
async function pullOften(url: string, signal: AbortSignal): Promise<number> {
  const [repository, tag] = scaleImage(1).slice("local/".length).split(":");
  let longestMs = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    const response = await fetch(`${url}/v2/${repository}/manifests/${tag}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a pull was answered ${response.status}`);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    await Bun.sleep(1);
  }
  return longestMs;
}

await main(Number(process.argv[2] ?? 100_000));
