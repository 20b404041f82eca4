import { expect, test } from "bun:test";
import { KeyedMutex } from "./keyed-mutex.ts";

test("work under one key does not overlap, and keeps its order", async () => {
  const mutex = new KeyedMutex<string>();
  const seen: string[] = [];
  const step = (name: string, ms: number) => async () => {
    seen.push(`${name} begins`);
    await Bun.sleep(ms);
    seen.push(`${name} ends`);
  };
  await Promise.all([mutex.run("k", step("a", 10)), mutex.run("k", step("b", 1)), mutex.run("k", step("c", 0))]);
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

test("a failure reaches its caller alone, and the next still runs", async () => {
  const mutex = new KeyedMutex<string>();
  const failing = mutex.run("k", () => Promise.reject(new Error("no")));
  const next = mutex.run("k", () => Promise.resolve("yes"));
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("yes");
  expect(mutex.isBusy("k")).toBe(false);
});

test("different keys run side by side", async () => {
  const mutex = new KeyedMutex<string>();
  const gate = Promise.withResolvers<void>();
  const waiting = mutex.run("a", () => gate.promise);
  await mutex.run("b", () => Promise.resolve());
  expect(mutex.isBusy("a")).toBe(true);
  gate.resolve();
  await waiting;
});
