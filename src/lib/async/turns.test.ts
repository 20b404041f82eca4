import { expect, test } from "bun:test";
import { Turns } from "./turns.ts";

/** A clock that is set by hand, and an event loop that comes round when it is told. */
function lab() {
  const clock = { ms: 0 };
  const callbacks: (() => void)[] = [];
  const turns = new Turns({ turnMs: 5, now: () => clock.ms, nextRound: (callback) => callbacks.push(callback) });
  const round = async () => {
    for (const callback of callbacks.splice(0)) callback();
    await Bun.sleep(0);
  };
  return { clock, turns, round, callbacks };
}

test("work rests only when its turn is over", async () => {
  const { clock, turns, callbacks, round } = lab();
  const work = turns.begin();
  clock.ms = 4.9;
  await work.rest();
  expect(callbacks).toHaveLength(0);
  clock.ms = 5;
  const resting = work.rest();
  expect(callbacks).toHaveLength(1);
  await round();
  await resting;
  expect(work.isTurnOver).toBe(false);
});

test("each time the loop comes round, one piece of work goes on, in order", async () => {
  const { turns, round } = lab();
  const seen: string[] = [];
  const work = async (name: string) => {
    const mine = turns.begin();
    for (let step = 1; step <= 2; step++) {
      await mine.nextTurn();
      seen.push(`${name}${step}`);
    }
  };
  const all = Promise.all([work("a"), work("b"), work("c")]);
  const counts: number[] = [];
  for (let rounds = 0; rounds < 6; rounds++) {
    await round();
    counts.push(seen.length);
  }
  await all;
  expect(counts).toEqual([1, 2, 3, 4, 5, 6]);
  expect(seen).toEqual(["a1", "b1", "c1", "a2", "b2", "c2"]);
});

test("work that nobody wants any more ends at its next rest, or when its turn comes", async () => {
  const { turns, round, callbacks } = lab();
  const client = new AbortController();
  const work = turns.begin(client.signal);
  const waiting = work.nextTurn();
  client.abort(new Error("the client left"));
  const outcomes = [waiting, work.rest()].map((one) =>
    one.then(
      () => "went on",
      (error: Error) => error.message,
    ),
  );
  await round();
  expect(await Promise.all(outcomes)).toEqual(["the client left", "the client left"]);
  expect(callbacks).toHaveLength(0);
});

test("steps are taken until their result, in as many turns as they need", async () => {
  const { clock, turns, round, callbacks } = lab();
  const taken: number[] = [];
  function* steps(): Generator<void, string, void> {
    for (let step = 1; step <= 4; step++) {
      clock.ms += 3;
      taken.push(step);
      yield;
    }
    return "done";
  }
  const result = turns.begin().finish(steps());
  expect(taken).toEqual([1, 2]);
  expect(callbacks).toHaveLength(1);
  await round();
  expect(taken).toEqual([1, 2, 3, 4]);
  await round();
  expect(await result).toBe("done");
});

test("steps that nobody wants any more are not taken", async () => {
  const { clock, turns, round } = lab();
  const client = new AbortController();
  let taken = 0;
  function* steps(): Generator<void, void, void> {
    for (;;) {
      taken++;
      clock.ms += 5;
      yield;
    }
  }
  const work = turns.begin(client.signal).finish(steps());
  const outcome = work.catch((error: Error) => error.message);
  client.abort(new Error("the client left"));
  await round();
  expect(await outcome).toBe("the client left");
  expect(taken).toBe(1);
});
