import { expect, test } from "bun:test";
import { untilAborted } from "./until-aborted.ts";

async function* counting(ended: () => void = () => {}): AsyncGenerator<number> {
  try {
    for (let number = 1; number <= 3; number++) yield number;
  } finally {
    ended();
  }
}

test("all items come, and a consumer that stops ends the source", async () => {
  expect(await Array.fromAsync(untilAborted(counting(), new AbortController().signal))).toEqual([1, 2, 3]);
  let ends = 0;
  for await (const number of untilAborted(
    counting(() => ends++),
    new AbortController().signal,
  ))
    if (number === 2) break;
  expect(ends).toBe(1);
});

test("a wait for the next item ends with the signal's reason", async () => {
  const silent = async function* () {
    yield 1;
    await new Promise(() => {});
  };
  const [controller, seen] = [new AbortController(), [] as number[]];
  const reading = (async () => {
    for await (const number of untilAborted(silent(), controller.signal)) seen.push(number);
  })();
  controller.abort(new Error("enough"));
  await expect(reading).rejects.toThrow("enough");
  expect(seen.length).toBeLessThanOrEqual(1);
});

test("a failure of the source is passed on", async () => {
  const failing = async function* () {
    yield 1;
    throw new Error("broken");
  };
  await expect(Array.fromAsync(untilAborted(failing(), new AbortController().signal))).rejects.toThrow("broken");
});
