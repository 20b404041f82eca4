/** What was counted outlives the server that counted it. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeImage } from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { send, withQuery } from "../conformance/registry-client.ts";
import { runLarder } from "./larder-command.ts";
import { MisbehavingUpstream } from "./misbehaving-upstream.ts";
import { HOST, PATH } from "./pull-through.ts";

type Counts = { readonly namespace: string; readonly hits: number; readonly misses: number; readonly stale: number };
type Stats = {
  readonly namespaces: readonly Counts[];
  readonly total: { readonly since: string; readonly namespaces: readonly Counts[] };
};

let folder: string;
let upstream: MisbehavingUpstream;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-test-statistics-"));
  upstream = await MisbehavingUpstream.start();
});
afterAll(async () => {
  await upstream.stop();
  await rm(folder, { recursive: true });
});

const start = () =>
  startLarder({ dataFolder: folder, arguments: ["--upstream", `${HOST}=${upstream.url}`, "--tags", "0s"] });

async function pull({ url }: LarderProcess): Promise<void> {
  expect((await send("GET", withQuery(`${url}/v2/${PATH}/manifests/1`, "ns", HOST))).status).toBe(200);
}

async function statsOf({ url }: LarderProcess): Promise<Stats> {
  return JSON.parse((await runLarder(url, "stats", "--json")).output) as Stats;
}

test("larder stats tells what came since the start, and in all since the store began to count", async () => {
  upstream.addImage(makeImage(), "1");
  const first = await start();
  for (let round = 0; round < 3; round++) await pull(first);
  const before = await statsOf(first);
  const counted = { namespace: HOST, hits: 2, misses: 1, stale: 0 };
  expect(before.namespaces).toMatchObject([counted]);
  expect(before.total.namespaces).toMatchObject([counted]);
  await first.stop();

  const second = await start();
  upstream.misbehave({}, { kind: "status", status: 503 });
  await pull(second);
  const after = await statsOf(second);
  expect(after.namespaces).toMatchObject([{ namespace: HOST, hits: 1, misses: 0, stale: 1 }]);
  expect(after.total.namespaces).toMatchObject([{ namespace: HOST, hits: 3, misses: 1, stale: 1 }]);
  expect(after.total.since).toBe(before.total.since);
  const { output } = await runLarder(second.url, "stats");
  expect(output).toMatch(/since the start, .*\n[^]*REGISTRY +HITS +STALE +MISSES.*\nupstream\.test +1 +1 +0 /);
  expect(output).toMatch(/in all, since .*\n\nREGISTRY +HITS +STALE +MISSES.*\nupstream\.test +3 +1 +1 /);
  await second.stop();
});
