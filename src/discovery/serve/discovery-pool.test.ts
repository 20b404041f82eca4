import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DiscoveryLimits, DiscoveryPool } from "./discovery-pool.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-pool-"));
});
afterAll(() => rm(folder, { recursive: true }));

const LIMITS = {
  receiveMs: 60_000,
  workMs: 60_000,
  memoryBytes: 1 << 30,
  outputBytes: 1 << 20,
  leastBytesPerSecond: 1000,
  patienceMs: 1,
};
const REQUEST = {
  limits: { files: 10, bytes: 100 },
  platforms: "all",
  strict: false,
  helm: null,
  kubernetes: null,
} as const;

/** A pool whose processes run this instead of larder. */
async function poolOf(script: string, limits: Partial<DiscoveryLimits> = {}) {
  const file = join(folder, `${crypto.randomUUID()}.mjs`);
  await writeFile(file, script);
  const place = join(folder, crypto.randomUUID());
  const pool = new DiscoveryPool([process.execPath, file], place, { ...LIMITS, ...limits });
  const run = (signal = new AbortController().signal, tar: AsyncIterable<Uint8Array> = new Blob(["x"]).stream()) =>
    pool.run(REQUEST, tar, signal);
  return { pool, run, place };
}

const SAY = (text: string) => `console.log(${JSON.stringify(text)});`;
const HANGS = "setInterval(() => {}, 1000);";
const RECEIVED = '{"kind":"received","files":1,"bytes":1}';

test("what is told is what was found, and the folder is gone afterwards", async () => {
  const { run, place } = await poolOf(SAY(`${RECEIVED}\nwords\n{"kind":"done","left":0}`));
  expect(await run()).toEqual({ files: 1, bytes: 1, reports: [{ kind: "done", left: 0 }] });
  expect(await readdir(place)).toEqual([]);
});

test("a process that takes too long, too much memory or tells too much is ended, and it is said which", async () => {
  const eats = "const all = []; setInterval(() => all.push(new Uint8Array(1 << 24).fill(1)), 1);";
  const talks = `setInterval(() => console.log("x".repeat(100_000)), 0);`;
  const cases = [
    [HANGS, { workMs: 200 }, "it took too long"],
    [eats, { memoryBytes: 300 << 20 }, "it took too much memory"],
    [talks, {}, "they name more images than larder lists"],
  ] as const;
  for (const [script, limits, why] of cases) {
    const { run, place } = await poolOf(script, limits);
    await expect(run()).rejects.toMatchObject({ code: "PAYLOAD_TOO_LARGE", message: expect.stringContaining(why) });
    expect(await readdir(place)).toEqual([]);
  }
}, 30_000);

test("a process that dies is a failure with its last words, and one that refuses is a refusal", async () => {
  const dies = await poolOf("console.error('out of luck'); process.exit(3)");
  await expect(dies.run()).rejects.toThrow("out of luck");
  const refuses = await poolOf(SAY('{"kind":"refused","code":"BAD_REQUEST","message":"no"}'));
  await expect(refuses.run()).rejects.toMatchObject({ code: "BAD_REQUEST", message: "no" });
});

test("who leaves ends it at once, whether the files are still coming or not, and so does the end of larder", async () => {
  const { pool, run, place } = await poolOf(HANGS);
  const leaving = new AbortController();
  const slow = async function* () {
    for (;;) {
      await Bun.sleep(5);
      yield new Uint8Array(1);
    }
  };
  const asked = [run(leaving.signal), run(leaving.signal, slow()), run(leaving.signal)];
  leaving.abort(new Error("left"));
  for (const one of await Promise.allSettled(asked)) expect(one).toMatchObject({ status: "rejected" });
  const last = run();
  await Bun.sleep(20);
  await pool.stop();
  await expect(last).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await expect(run()).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await readdir(place)).toEqual([]);
}, 30_000);

test("some wait, and more are told to come again", async () => {
  const { pool, run } = await poolOf(HANGS);
  const asked = Array.from({ length: 20 }, () => run());
  const refused = await Promise.any(
    asked.map((one) =>
      one.then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  expect(refused).toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("many others") });
  await pool.stop();
  await Promise.allSettled(asked);
});

test("whose files do not come gives way to others, and not before", async () => {
  const { run } = await poolOf(
    `for await (const _ of Bun.stdin.stream());${SAY(`${RECEIVED}\n{"kind":"done","left":0}`)}`,
  );
  const left = new AbortController();
  const silent = () => run(left.signal, new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) }));
  const ended: string[] = [];
  const slow = [silent(), silent()].map((one) => one.catch((error: Error) => ended.push(error.message)));
  // Nobody waits.
  await Bun.sleep(300);
  expect(ended).toEqual([]);
  expect(await run()).toMatchObject({ files: 1 });
  expect(ended[0]).toContain("came slowly while others waited");
  left.abort(new Error("left"));
  await Promise.all(slow);
});
