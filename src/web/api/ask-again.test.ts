import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { AskAgain } from "./ask-again.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function lab() {
  const state = { asked: 0, isSeen: true };
  const asking = new AskAgain(
    () => void state.asked++,
    1000,
    () => state.isSeen,
  );
  return { state, asking };
}

test("what comes together is asked for once, and what comes after it once more", () => {
  const { state, asking } = lab();
  for (let time = 0; time < 50; time++) asking.note();
  expect(state.asked).toBe(0);
  jest.advanceTimersByTime(200);
  expect(state.asked).toBe(1);
  for (let time = 0; time < 50; time++) asking.note();
  jest.advanceTimersByTime(10_000);
  expect(state.asked).toBe(2);
});

test("a tab that nobody looks at asks nothing, and once when somebody does", () => {
  const { state, asking } = lab();
  state.isSeen = false;
  for (let time = 0; time < 5; time++) {
    asking.note();
    jest.advanceTimersByTime(5000);
  }
  expect(state.asked).toBe(0);
  state.isSeen = true;
  asking.seen();
  asking.seen();
  expect(state.asked).toBe(1);
});

test("nothing is asked after the end", () => {
  const { state, asking } = lab();
  asking.note();
  asking.end();
  jest.advanceTimersByTime(5000);
  expect(state.asked).toBe(0);
  expect(jest.getTimerCount()).toBe(0);
});
