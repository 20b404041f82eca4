import { expect, test } from "bun:test";
import { HISTORY_SERIES } from "../../admin/activity-schemas.ts";
import { Turns } from "../../lib/async/turns.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import { memoryMetadata } from "../../storage/memory/metadata-memory.ts";
import { checkAnswer } from "./check-answer.ts";
import { readHistory } from "./history.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** A midnight. */
const MIDNIGHT = 20_000 * DAY;

function lab(nowMs: number) {
  const { statistics } = memoryMetadata();
  const [turns, lastingTraffic] = [new Turns(), { save: async () => {} }];
  const parts = { statistics, lastingTraffic, upstreams: { knows: () => true }, turns, now: () => nowMs };
  const answered = (namespace: string, hits: number, atMs: number, bytes = 10 * hits) =>
    statistics.addTraffic(
      [
        {
          namespace: namespace as Namespace,
          hits,
          misses: 1,
          stale: 0,
          bytesFromDisk: bytes,
          bytesFromUpstream: 5,
        },
      ],
      atMs,
    );
  const ask = async (query: Partial<Parameters<typeof readHistory>[1]> = {}) => {
    const answer = await readHistory(parts, { by: "all", ...query }, new AbortController().signal, undefined);
    checkAnswer("getHistory", answer);
    return answer;
  };
  return { answered, ask };
}

test("a day is told of in steps of five minutes, with those in which nothing was answered", async () => {
  const now = MIDNIGHT + 12 * HOUR;
  const { answered, ask } = lab(now);
  await answered("docker.io", 3, now - 2 * HOUR);
  await answered("quay.io", 4, now - 2 * HOUR + MINUTE);
  await answered("quay.io", 5, now - 3 * DAY);
  const { stepMs, times, series } = await ask();
  expect([stepMs, times.length, times[0]]).toEqual([5 * MINUTE, 288, now - DAY]);
  expect(series).toHaveLength(1);
  expect(series[0]?.namespace).toBeNull();
  expect(series[0]?.hits.reduce((sum, value) => sum + value)).toBe(7);
  expect(series[0]?.hits[times.indexOf(now - 2 * HOUR)]).toBe(7);
});

test("what is long ago is told of by the hour, and more of it by the day", async () => {
  const now = MIDNIGHT + 90 * DAY;
  const { answered, ask } = lab(now);
  await answered("docker.io", 2, now - 5 * DAY + 10 * MINUTE);
  await answered("docker.io", 3, now - 5 * DAY + 50 * MINUTE);
  const week = await ask({ from: now - 7 * DAY });
  expect(week.stepMs).toBe(HOUR);
  expect(week.series[0]?.hits[week.times.indexOf(now - 5 * DAY)]).toBe(5);
  const quarter = await ask({ from: now - 90 * DAY });
  expect([quarter.stepMs, quarter.times.length]).toEqual([12 * HOUR, 180]);
  // Minutes of that time are not kept.
  const minutes = await ask({ from: now - 7 * DAY, to: now - 6 * DAY, step: 5 * MINUTE });
  expect(minutes.stepMs).toBe(HOUR);
});

test("of many namespaces the largest are told of each for itself, the rest together", async () => {
  const now = MIDNIGHT + HOUR;
  const { answered, ask } = lab(now);
  for (let index = 0; index < 20; index++) await answered(`n${index}.example`, 1, now - 1, index * 1000);
  const { series } = await ask({ by: "namespace" });
  expect(series.map(({ namespace }) => namespace)).toEqual([
    ...Array.from({ length: HISTORY_SERIES }, (_, index) => `n${19 - index}.example`),
    "other",
  ]);
  const bytes = series.flatMap(({ bytesFromDisk }) => bytesFromDisk).reduce((sum, value) => sum + value);
  expect(bytes).toBe(190_000);
});

test.each([
  [{ from: 5, to: 5 }, "before"],
  [{ from: 0, to: MIDNIGHT, step: 5 * MINUTE }, "longer"],
])("%j is refused", async (query, why) => {
  await expect(lab(MIDNIGHT).ask(query)).rejects.toThrow(why);
});

test("a larder that was never asked for anything has a history of zeros", async () => {
  const { series } = await lab(MIDNIGHT).ask();
  expect(series).toHaveLength(1);
  expect(new Set(series[0]?.hits)).toEqual(new Set([0]));
});
