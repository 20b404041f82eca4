import { afterEach, expect, test } from "bun:test";
import { MemoryDeliveries } from "../../storage/memory/deliveries-memory.ts";
import type { LogLevel } from "../../telemetry/log.ts";
import type { Attempt } from "./attempt.ts";
import { EndpointWorker } from "./endpoint-worker.ts";
import { endpointOf, pushOf } from "./notice.fixture.ts";
import type { Notice } from "./notice.ts";
import { isHopeless, pauseAfter } from "./retry-policy.ts";

const TAKEN: Attempt = { kind: "taken" };
const failed = (why: "refused" | "broken" | "away"): Attempt => ({
  kind: "failed",
  failure: `it was ${why}`,
  why,
  retryAfterMs: null,
});

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

/** A worker whose attempts come out as `answer` says; what was taken, in its order. */
function run(answer: (notice: Notice) => Attempt, queue = new MemoryDeliveries(), threshold = 1000) {
  const taken: string[] = [];
  const lines: [LogLevel, string][] = [];
  const endpoint = endpointOf({ threshold, backoffMs: 1 });
  let clockMs = 0;
  const worker = new EndpointWorker({
    endpoint,
    queue,
    deliverer: {
      deliver: async ({ body }) => {
        const notice = JSON.parse(body) as Notice;
        const attempt = answer(notice);
        if (attempt.kind === "taken") taken.push(notice.tag ?? "");
        return attempt;
      },
    },
    render: async (notice) => ({ contentType: "", body: JSON.stringify(notice) }),
    log: { write: (level, message) => void lines.push([level, message]) },
    clock: { now: () => clockMs, elapsed: () => clockMs },
  });
  queue.onQueued(() => worker.wake());
  worker.start();
  stops.push(() => worker.stop());
  const push = (...tags: string[]) =>
    queue.add(tags.map((tag) => ({ endpoint: endpoint.name, record: JSON.stringify(pushOf(tag)), atMs: 0 })));
  const until = async (holds: () => boolean) => {
    while (!holds()) await Bun.sleep(1);
  };
  return { worker, queue, taken, lines, push, until, passTime: (ms: number) => (clockMs += ms) };
}

test("everything is delivered once, in its order, whenever it comes", async () => {
  const { push, taken, until, worker } = run(() => TAKEN);
  await push("a", "b");
  await until(() => taken.length === 2);
  await push("c");
  await until(() => taken.length === 3);
  expect(taken).toEqual(["a", "b", "c"]);
  await until(() => worker.state.delivered === 3);
});

test("what fails is tried again and overtaken by nothing; a change of state is one line", async () => {
  let failures = 0;
  const { push, taken, until, lines } = run((notice) =>
    notice.tag === "b" && failures++ < 7 ? failed("away") : TAKEN,
  );
  await push("a", "b", "c");
  await until(() => taken.length === 3);
  expect(taken).toEqual(["a", "b", "c"]);
  expect(failures).toBe(8);
  expect(lines).toEqual([
    ["warning", "an endpoint does not take notifications; they wait, and are tried again"],
    ["info", "an endpoint takes notifications again"],
  ]);
});

test("what is refused five times is given up, and the next has its turn", async () => {
  const { push, taken, until, queue, lines } = run(({ tag }) => (tag === "a" ? failed("refused") : TAKEN));
  await push("a", "b");
  await until(() => taken.length === 1);
  expect(taken).toEqual(["b"]);
  expect(await queue.listGivenUp(null, null, 10)).toMatchObject([{ attempts: 4, failure: "it was refused" }]);
  expect(lines.map(([, line]) => line)).toContain("notifications were given up; larder notifications shows them");
});

test("a pause is ended by those who want it tried now", async () => {
  let isUp = false;
  const { push, taken, until, worker } = run(() => (isUp ? TAKEN : failed("away")), new MemoryDeliveries(), 1);
  for (let round = 0; round < 12; round++) {
    await push("x");
    await until(() => worker.state.failedAttempts > round);
    // Without it the pauses double each time.
    worker.hurry();
  }
  isUp = true;
  worker.hurry();
  await until(() => taken.length === 12);
});

test("pulls take their turn by their time, are lost in thousands, and hold up nothing", async () => {
  let isUp = false;
  const { worker, push, taken, until } = run(({ kind }) => (isUp || kind === "push" ? TAKEN : failed("refused")));
  for (let index = 0; index < 2500; index++) {
    worker.pulls.add({ ...pushOf(`pull-${index}`), kind: "pull", atMs: index + 1 });
  }
  expect(worker.pulls.count).toBeLessThan(2000);
  expect(worker.state.pullsDropped + worker.pulls.count).toBe(2500);
  await push("a");
  await until(() => taken.length === 1);
  expect(taken).toEqual(["a"]);
  isUp = true;
  worker.hurry();
  await until(() => taken.at(-1) === "pull-2499");
});

test("where the store takes nothing, what was delivered is not sent again", async () => {
  class Refusing extends MemoryDeliveries {
    isOpen = false;
    refusals = 0;
    override async done(id: number): Promise<void> {
      if (this.isOpen) return super.done(id);
      this.refusals++;
      throw new Error("the disk is full");
    }
  }
  const queue = new Refusing();
  const { push, taken, until, worker } = run(() => TAKEN, queue);
  await push("a", "b");
  await until(() => queue.refusals === 1);
  worker.hurry();
  await until(() => queue.refusals === 2);
  queue.isOpen = true;
  worker.hurry();
  await until(() => taken.length === 2);
  expect(taken).toEqual(["a", "b"]);
});

test("pauses are as registry:2's up to the threshold, and grow to an hour", () => {
  const endpoint = { threshold: 3, backoffMs: 1000 };
  const pauses = [1, 2, 3, 4, 5, 20, 1000].map((failures) => pauseAfter(failures, endpoint, { retryAfterMs: null }));
  expect(pauses).toEqual([100, 100, 1000, 2000, 4000, 3_600_000, 3_600_000]);
  expect(pauseAfter(1, endpoint, { retryAfterMs: 7000 })).toBe(7000);
  expect(pauseAfter(9, { threshold: 1, backoffMs: 7_200_000 }, { retryAfterMs: null })).toBe(7_200_000);
});

test("how long something is tried depends on who is at fault", () => {
  const [hour, day] = [3_600_000, 86_400_000];
  const at = (why: "refused" | "broken" | "away", attempts: number, forMs: number, ageMs = forMs) =>
    isHopeless({ why }, { attempts, forMs, ageMs });
  expect([at("refused", 4, day), at("refused", 5, 0)]).toEqual([false, true]);
  expect([at("broken", 100, hour - 1), at("broken", 9, day), at("broken", 10, hour)]).toEqual([false, false, true]);
  expect([at("away", 10_000, 7 * day), at("away", 1, 0, 7 * day + 1)]).toEqual([false, true]);
});
