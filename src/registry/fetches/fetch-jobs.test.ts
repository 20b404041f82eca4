import { expect, test } from "bun:test";
import { RegistryError } from "../../oci/registry-error.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import { MemoryFetchJobs } from "../../storage/memory/fetch-jobs-memory.ts";
import { type BringImage, FetchJobs, type FetchJobView } from "./fetch-jobs.ts";

type Flight = {
  readonly image: string;
  readonly tell: Parameters<BringImage>[1];
  readonly end: () => void;
  readonly fail: (error: Error) => void;
};

/** Jobs whose images come when the test says so. */
function lab() {
  const flights: Flight[] = [];
  const told: string[] = [];
  const progress = { count: 0 };
  const store = new MemoryFetchJobs();
  let nowMs = 1000;
  const bring: BringImage = ({ image }, tell, _, signal) =>
    new Promise<void>((resolve, reject) => {
      flights.push({ image, tell, end: resolve, fail: reject });
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  const open = () =>
    new FetchJobs({
      store,
      bring,
      onChange: () => void told.push("changed"),
      onProgress: () => void progress.count++,
      log: { write: () => {} },
      now: () => ++nowMs,
    });
  const names = () => flights.map(({ image }) => image);
  return { flights, names, told, progress, store, open, jobs: open() };
}

const imagesOf = (...names: string[]) => names.map((name) => ({ image: `${name}:1`, platforms: "all" as const }));
const statesIn = ({ images }: FetchJobView) => images.map(({ state }) => state);
const settle = () => Bun.sleep(0);

test("a few images of all jobs are on their way at once, of each job in turn, and what became of each is kept", async () => {
  const { jobs, flights, names, store, told, progress } = lab();
  const first = await jobs.start(imagesOf("a.io/1", "a.io/2", "a.io/3", "a.io/4"), "four", { ...NO_CAUSE, who: "ann" });
  const second = await jobs.start(imagesOf("b.io/1"), null, NO_CAUSE);
  expect(names()).toEqual(["a.io/1:1", "a.io/2:1", "a.io/3:1"]);
  flights[0]?.tell({ kind: "extent", sizeBytes: 90 });
  const before = progress.count;
  flights[0]?.tell({ kind: "bytes", bytes: 30 });
  expect(progress.count).toBe(before + 1);
  expect((await jobs.get(first.id, first.revision))?.images[0]).toMatchObject({ index: 0, bytes: 30, sizeBytes: 90 });
  flights[0]?.end();
  flights[1]?.tell({ kind: "present" });
  flights[1]?.end();
  flights[2]?.fail(new RegistryError("MANIFEST_UNKNOWN", "no such image"));
  await settle();
  expect(names().slice(3).sort()).toEqual(["a.io/4:1", "b.io/1:1"]);
  const view = await jobs.get(first.id, 0);
  expect(view).toMatchObject({ state: "running", title: "four", who: "ann", bytes: 30 });
  expect(view === null ? [] : statesIn(view)).toEqual(["brought", "present", "failed", "fetching"]);
  // Only what is new.
  const revision = view?.revision ?? 0;
  flights.find(({ image }) => image === "a.io/4:1")?.tell({ kind: "warning", message: "no signature" });
  flights.find(({ image }) => image === "a.io/4:1")?.tell({ kind: "bytes", bytes: 5 });
  expect((await jobs.get(first.id, revision))?.images.map(({ index }) => index)).toEqual([3]);
  for (const flight of flights.slice(3)) flight.end();
  await settle();
  expect((await jobs.list()).map(({ id, state }) => [id, state])).toEqual([
    [second.id, "ended"],
    [first.id, "ended"],
  ]);
  expect(await store.get(first.id)).toMatchObject({
    bytes: 35,
    counts: { waiting: 0, brought: 2, present: 1, failed: 1, cancelled: 0 },
  });
  expect((await jobs.get(first.id, 99))?.images.map(({ reason }) => reason)).toEqual([
    null,
    null,
    "no such image",
    "no signature",
  ]);
  expect(told).toHaveLength(4);
});

test("what did not come is tried again when somebody says so, and nothing else", async () => {
  const { jobs, flights, names } = lab();
  const { id } = await jobs.start(imagesOf("a.io/1", "a.io/2"), null, NO_CAUSE);
  flights[0]?.end();
  flights[1]?.fail(new RegistryError("UPSTREAM_UNAVAILABLE", "away"));
  await settle();
  const again = await jobs.retry(id, NO_CAUSE);
  expect(again?.id).toBe(id);
  expect(names()).toEqual(["a.io/1:1", "a.io/2:1", "a.io/2:1"]);
  // While it is being done, nothing more is to be done.
  expect((await jobs.retry(id, NO_CAUSE))?.state).toBe("running");
  flights[2]?.end();
  await settle();
  expect((await jobs.get(id, 0))?.counts).toMatchObject({ brought: 2, failed: 0 });
  expect(await jobs.retry("none", NO_CAUSE)).toBeNull();
});

test("a job that is cancelled begins nothing more, and waits for nothing", async () => {
  const { jobs, flights, names } = lab();
  const { id } = await jobs.start(imagesOf("a.io/1", "a.io/2", "a.io/3", "a.io/4"), null, NO_CAUSE);
  flights[0]?.end();
  await settle();
  expect(await jobs.cancel(id)).toBe(true);
  await settle();
  expect(names()).toHaveLength(4);
  expect(await jobs.get(id, 0)).toMatchObject({ state: "ended", counts: { brought: 1, cancelled: 3 } });
  expect([await jobs.cancel(id), await jobs.remove(id), await jobs.remove(id)]).toEqual([false, true, false]);
  // One that is removed in the middle leaves nothing behind.
  const other = await jobs.start(imagesOf("a.io/5"), null, NO_CAUSE);
  expect(await jobs.remove(other.id)).toBe(true);
  await settle();
  expect(await jobs.list()).toEqual([]);
});

test("a registry that wants to be left alone is, while the others are asked", async () => {
  const { jobs, flights, names } = lab();
  const { id } = await jobs.start(imagesOf("a.io/1", "a.io/2", "a.io/3", "a.io/4", "b.io/1"), null, NO_CAUSE);
  const tooMany = () => new RegistryError("TOOMANYREQUESTS", "too many", { retryAfterSeconds: 1 });
  flights[0]?.fail(tooMany());
  flights[1]?.fail(tooMany());
  flights[2]?.end();
  await settle();
  expect(names().slice(3)).toEqual(["b.io/1:1"]);
  const paused = await jobs.get(id, 0);
  expect(paused === null ? [] : statesIn(paused)).toEqual(["paused", "paused", "brought", "waiting", "fetching"]);
  expect(paused?.images[0]).toMatchObject({ reason: "too many", untilMs: expect.any(Number) });
  for (let round = 0; names().length < 6 && round < 500; round++) await Bun.sleep(10);
  expect(names().slice(4)).toEqual(["a.io/1:1", "a.io/2:1"]);
  await jobs.stop();
});

test("the end of larder interrupts a job, which goes on when somebody says so", async () => {
  const { jobs, flights, names, open } = lab();
  const { id } = await jobs.start(imagesOf("a.io/1", "a.io/2"), "both", NO_CAUSE);
  flights[0]?.end();
  await settle();
  await jobs.stop();
  await expect(jobs.start(imagesOf("a.io/1"), null, NO_CAUSE)).rejects.toMatchObject({ code: "UNAVAILABLE" });
  const next = open();
  expect(await next.get(id, 0)).toMatchObject({ state: "interrupted", counts: { brought: 1, waiting: 1 } });
  await next.retry(id, NO_CAUSE);
  expect(names()).toEqual(["a.io/1:1", "a.io/2:1", "a.io/2:1"]);
  flights[2]?.end();
  await settle();
  expect(await next.get(id, 0)).toMatchObject({ state: "ended", title: "both", counts: { brought: 2 } });
});

test("there is a bound to the jobs that are done at once", async () => {
  const { jobs } = lab();
  const all = Array.from({ length: 21 }, (_, index) => jobs.start(imagesOf(`a.io/${index}`), null, NO_CAUSE));
  const refused = (await Promise.allSettled(all)).filter(({ status }) => status === "rejected");
  expect(refused).toHaveLength(1);
  await jobs.stop();
});
