import { describe, expect, test } from "bun:test";
import { type Lane, LANE_LIMITS, RequestBudget, type RequestLanes, requestLimit } from "./request-lanes.ts";
import { UpstreamError } from "./upstream-error.ts";

const LANES = ["auth", "questions", "content"] as const;

/** Enters `times` times and says how many got in at once; `leave` lets one of them go. */
async function fill(lanes: RequestLanes, lane: Lane, times: number) {
  const inside: (() => void)[] = [];
  const all = Array.from({ length: times }, () => lanes.enter(lane, undefined).then((leave) => inside.push(leave)));
  for (const entered of all) entered.catch(() => {});
  await Bun.sleep(0);
  return { inside, leave: () => inside.shift()?.() };
}

test("a lane that is full holds up neither another lane nor another server", async () => {
  const budget = new RequestBudget(2000);
  const [hanging, other] = [budget.lanesOf("hanging.test"), budget.lanesOf("other.test")];
  const questions = await fill(hanging, "questions", 300);
  expect(questions.inside.length).toBe(LANE_LIMITS.questions.inFlight);
  for (const lane of ["auth", "content"] as const) expect((await fill(hanging, lane, 1)).inside.length).toBe(1);
  expect((await fill(other, "questions", 1)).inside.length).toBe(1);
});

test("who waits gets in, in order, as others leave", async () => {
  const lanes = new RequestBudget(2000).lanesOf("x.test");
  const { inFlight } = LANE_LIMITS.auth;
  const first = await fill(lanes, "auth", inFlight);
  const order: number[] = [];
  for (const number of [1, 2, 3])
    lanes.enter("auth", undefined).then(
      () => order.push(number),
      () => {},
    );
  first.leave();
  first.leave();
  await Bun.sleep(0);
  expect(order).toEqual([1, 2]);
});

test("leaving twice gives one place back", async () => {
  const lanes = new RequestBudget(2000).lanesOf("x.test");
  const { inside } = await fill(lanes, "auth", LANE_LIMITS.auth.inFlight);
  const [leave] = inside;
  leave?.();
  leave?.();
  expect((await fill(lanes, "auth", 2)).inside.length).toBe(1);
});

describe("when the whole process has no more room", () => {
  test("each lane of each server still has what was promised to it, and no more is in flight", async () => {
    const total = 240;
    const budget = new RequestBudget(total);
    const servers = Array.from({ length: 30 }, (_, index) => budget.lanesOf(`${index}.test`));
    let inFlight = 0;
    for (const server of servers.slice(1)) {
      for (const lane of LANES) inFlight += (await fill(server, lane, 100)).inside.length;
    }
    for (const lane of LANES) {
      const { inside } = await fill(servers[0] as RequestLanes, lane, 100);
      expect(inside.length).toBeGreaterThan(0);
      inFlight += inside.length;
    }
    expect(inFlight).toBeLessThanOrEqual(total);
    expect(inFlight).toBeGreaterThan(total / 2);
  });

  test("what one server gives back another may use", async () => {
    const budget = new RequestBudget(60);
    const [greedy, other] = [budget.lanesOf("greedy.test"), budget.lanesOf("other.test")];
    const taken = await fill(greedy, "content", 100);
    const wanted = await fill(other, "content", 100);
    const before = wanted.inside.length;
    // The greedy one's own waiting get their turns as well.
    for (let turn = 0; turn < 20; turn++) taken.leave();
    await Bun.sleep(0);
    expect(wanted.inside.length).toBeGreaterThan(before);
  });
});

test("too many who wait are refused, with the host and their number", async () => {
  const lanes = new RequestBudget(2000).lanesOf("slow.test");
  const { inFlight, waiting } = LANE_LIMITS.auth;
  await fill(lanes, "auth", inFlight + waiting);
  const refusal = await lanes.enter("auth", undefined).catch((error: unknown) => error);
  if (!(refusal instanceof UpstreamError)) throw refusal;
  expect(refusal.failure).toEqual({ kind: "busy" });
  expect(refusal.code).toBe("UNAVAILABLE");
  expect(refusal.message).toContain(
    `${inFlight} requests to slow.test are not answered yet and ${waiting} more are waiting`,
  );
});

test("who is called off while waiting leaves the queue", async () => {
  const lanes = new RequestBudget(2000).lanesOf("x.test");
  const first = await fill(lanes, "auth", LANE_LIMITS.auth.inFlight);
  const gone = new AbortController();
  const waiting = lanes.enter("auth", gone.signal);
  gone.abort(new Error("gone"));
  expect(waiting).rejects.toThrow("gone");
  const next = lanes.enter("auth", undefined);
  first.leave();
  expect(typeof (await next)).toBe("function");
});

test("the process's share goes by the runtime's limit", () => {
  expect(requestLimit({})).toBe(240);
  expect(requestLimit({ BUN_CONFIG_MAX_HTTP_REQUESTS: "2048" })).toBe(2032);
  for (const nonsense of ["", "0", "-5", "many"]) {
    expect(requestLimit({ BUN_CONFIG_MAX_HTTP_REQUESTS: nonsense })).toBe(240);
  }
});
