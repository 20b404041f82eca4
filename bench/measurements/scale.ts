import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../lab.ts";
import type { Measurement } from "../measurement.ts";
import { mebibytes, milliseconds, type Row } from "../row.ts";
import { makeScaleStore, scaleImage } from "../scale-store.ts";
import type { ServerProcess } from "../server-process.ts";
import { startLarder } from "../servers/larder.ts";
import { median } from "../stats.ts";

const START_GOAL_MS = 1000;
const PAGE_GOAL_MS = 50;
const TURN_GOAL_MS = 50;
const MEMORY_GOAL_BYTES = 150 * 2 ** 20;

/** What is asked of a large store. `pages` are answers of one page: those have a goal of their own. */
type Question = { readonly what: string; readonly isPage: boolean; readonly ask: (url: string) => Promise<unknown> };

/**
 * A registry of 100,000 tags and a million blobs: its start, its lists, its memory, and how long another client's pull waits
 * while it answers. The generator's database is that of the first release, so the first start brings it up to date.
 */
export const scale: Measurement = {
  name: "scale",
  run: (lab) =>
    lab.withFolder(async (folder) => {
      const data = join(folder, "data");
      await mkdir(data);
      const images = lab.extent.scaleImages;
      makeScaleStore(join(data, "larder.db"), images);
      const first = await startLarder(data);
      await first.stop();
      const rows = [row("first start, which brings an old schema up to date", milliseconds(first.startMs), "", null)];
      rows.push(await measureStarts(lab, data));
      const larder = await startLarder(data);
      try {
        for (const question of questionsOf(images))
          rows.push(...(await measure(larder.url, question, lab.extent.rounds)));
        rows.push(memoryRow(larder));
      } finally {
        await larder.stop();
      }
      return rows.map((line) => ({ ...line, what: `${line.what}, ${images.toLocaleString("en")} images` }));
    }),
};

async function measureStarts(lab: Lab, data: string): Promise<Row> {
  const starts: number[] = [];
  for (let round = 0; round < lab.extent.rounds; round++) {
    const larder = await startLarder(data);
    starts.push(larder.startMs);
    await larder.stop();
  }
  const tookMs = median(starts);
  return row("start to first answer", milliseconds(tookMs), `< ${milliseconds(START_GOAL_MS)}`, tookMs < START_GOAL_MS);
}

function questionsOf(images: number): readonly Question[] {
  const some = scaleImage(Math.floor(images / 2)).slice("local/".length);
  const list = (query: Readonly<Record<string, string | number>>) => (url: string) => {
    const asked = Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]);
    return get(`${url}/api/v1/images?${new URLSearchParams(asked).toString()}`);
  };
  return [
    { what: "the first 50 images", isPage: true, ask: list({ limit: 50 }) },
    { what: "the newest 50 images", isPage: true, ask: list({ limit: 50, sort: "updated", order: "desc" }) },
    { what: "images whose names hold a text, one of all", isPage: true, ask: list({ search: some, limit: 50 }) },
    { what: "images whose names hold a text, none", isPage: true, ask: list({ search: "app505", limit: 50 }) },
    { what: "1,000 repositories of the catalog", isPage: true, ask: (url) => get(`${url}/v2/_catalog?n=1000`) },
    {
      what: "who shares the layers of an image",
      isPage: true,
      ask: (url) => get(`${url}/api/v1/layer-sharing/local/${some}`),
    },
    { what: "statistics", isPage: true, ask: (url) => get(`${url}/api/v1/stats`) },
    { what: "metrics", isPage: true, ask: (url) => get(`${url}/metrics`) },
    { what: "the first 1,000 images with their sizes", isPage: false, ask: list({ limit: 1000 }) },
    { what: "a collection", isPage: false, ask: (url) => post(`${url}/api/v1/collections`) },
  ];
}

/** Asks a few times, one after the other, while another client pulls without a pause. */
async function measure(url: string, { what, isPage, ask }: Question, rounds: number): Promise<readonly Row[]> {
  const done = new AbortController();
  const pulls = pullOften(url, done.signal);
  const tookMs: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const startedMs = performance.now();
      await ask(url);
      tookMs.push(performance.now() - startedMs);
    }
  } finally {
    done.abort();
  }
  const longestMs = await pulls;
  const waited = `longest pull meanwhile ${milliseconds(longestMs)}`;
  const goal = `${isPage ? `< ${milliseconds(PAGE_GOAL_MS)}, ` : ""}pull < ${milliseconds(TURN_GOAL_MS)}`;
  const isMet = longestMs < TURN_GOAL_MS && (!isPage || median(tookMs) < PAGE_GOAL_MS);
  return [{ ...row(what, milliseconds(median(tookMs)), goal, isMet), figure: waited }];
}

function memoryRow(larder: ServerProcess): Row {
  const peak = larder.peakMemory();
  return row(
    "peak memory after all that",
    mebibytes(peak),
    `< ${mebibytes(MEMORY_GOAL_BYTES)}`,
    peak < MEMORY_GOAL_BYTES,
  );
}

function row(what: string, larder: string, goal: string, met: boolean | null): Row {
  return { what, larder, beside: "", figure: larder, goal, met };
}

/** The longest that a pull took, in milliseconds. */
async function pullOften(url: string, signal: AbortSignal): Promise<number> {
  const [repository, tag] = scaleImage(1).slice("local/".length).split(":");
  let longestMs = 0;
  while (!signal.aborted) {
    const startedMs = performance.now();
    await get(`${url}/v2/${repository}/manifests/${tag}`);
    longestMs = Math.max(longestMs, performance.now() - startedMs);
    await Bun.sleep(1);
  }
  return longestMs;
}

async function get(url: string): Promise<void> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} was answered ${response.status}: ${text}`);
}

async function post(url: string): Promise<void> {
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: "{}", timeout: false };
  const response = await fetch(url, request);
  const text = await response.text();
  if (!response.ok) throw new Error(`${url} was answered ${response.status}: ${text}`);
}
