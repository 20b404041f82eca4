/**
 * `bun bench/collection.ts [IMAGES]`: what a collection costs, and what others notice of it, in a registry of 100,000 images
 * and a million blobs unless told otherwise.
 *
 * LARDER_BENCH_FOLDER and LARDER_BENCH_PROGRAM as in `run.ts`. It takes about two minutes, and 2 GB of disk meanwhile.
 */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeImage, pushImage } from "./content.ts";
import { milliseconds } from "./row.ts";
import { makeScaleStore, scaleImage } from "./scale-store.ts";
import { startLarder } from "./servers/larder.ts";

const REMOVED = 1000;

/** An image that is not removed. */
const PULLED = 1;

/** The longest that a request waited, of each kind. */
type Delays = { pullMs: number; pushMs: number; pushes: number };

async function main(images: number): Promise<void> {
  const folder = await mkdtemp(join(process.env["LARDER_BENCH_FOLDER"] ?? "/var/tmp", "larder-collection-"));
  try {
    await mkdir(join(folder, "data"));
    makeScaleStore(join(folder, "data", "larder.db"), images);
    const larder = await startLarder(join(folder, "data"));
    try {
      console.log(`${images} images; start, with what a new schema needs: ${milliseconds(larder.startMs)}`);
      await report("nothing, for 3 s", larder.url, () => Bun.sleep(3000));
      for (const which of ["first", "second"]) {
        await report(`${which} collection, nothing to do`, larder.url, () => collect(larder.url));
      }
      await report(`removal of ${REMOVED} images`, larder.url, async () => {
        for (let index = 0; index < REMOVED; index++) {
          await remove(larder.url, scaleImage(index * Math.floor(images / REMOVED)));
        }
      });
      await report("collection of what they held", larder.url, () => collect(larder.url));
      await report("collection, nothing to do", larder.url, () => collect(larder.url));
    } finally {
      await larder.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Does the work while another client pulls, and one pushes, without a pause. */
async function report(what: string, url: string, work: () => Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const delays: Delays = { pullMs: 0, pushMs: 0, pushes: 0 };
  const others = Promise.all([pullOften(url, done.signal, delays), pushOften(url, done.signal, delays)]);
  await Bun.sleep(200);
  Object.assign(delays, { pullMs: 0, pushMs: 0, pushes: 0 });
  const startedMs = performance.now();
  const answer = await work();
  const tookMs = performance.now() - startedMs;
  done.abort();
  await others;
  const worst = `longest pull ${milliseconds(delays.pullMs)}, longest of ${delays.pushes} pushes ${milliseconds(delays.pushMs)}`;
  console.log(`${what}: ${milliseconds(tookMs)}; ${worst}${answer === undefined ? "" : `; ${JSON.stringify(answer)}`}`);
}

async function pullOften(url: string, signal: AbortSignal, delays: Delays): Promise<void> {
  const [repository, tag] = scaleImage(PULLED).slice("local/".length).split(":");
  while (!signal.aborted) {
    const startedMs = performance.now();
    const response = await fetch(`${url}/v2/${repository}/manifests/${tag}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`a pull was answered ${response.status}`);
    delays.pullMs = Math.max(delays.pullMs, performance.now() - startedMs);
    await Bun.sleep(1);
  }
}

async function pushOften(url: string, signal: AbortSignal, delays: Delays): Promise<void> {
  while (!signal.aborted) {
    const image = makeImage(1000, 2);
    const startedMs = performance.now();
    await pushImage(url, `bench/pushed`, "latest", image);
    delays.pushMs = Math.max(delays.pushMs, performance.now() - startedMs);
    delays.pushes++;
  }
}

async function collect(url: string): Promise<unknown> {
  const response = await fetch(`${url}/api/v1/collections`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
    timeout: false,
  } as RequestInit);
  if (!response.ok) throw new Error(`a collection was answered ${response.status}: ${await response.text()}`);
  return response.json();
}

async function remove(url: string, image: string): Promise<void> {
  const response = await fetch(`${url}/api/v1/images/${image}`, { method: "DELETE" });
  if (!response.ok) throw new Error(`a removal was answered ${response.status}: ${await response.text()}`);
}

await main(Number(process.argv[2] ?? 100_000));
