import { expect, test } from "bun:test";
import { orAborted } from "./or-aborted.ts";

test("a promise is waited for until its outcome or the signal, whichever comes first", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const abort = new AbortController();
  const [given, waiting, another] = [orAborted(promise, abort.signal), orAborted(promise, undefined), promise];
  abort.abort(new Error("gone"));
  await expect(given).rejects.toThrow("gone");
  await expect(orAborted(promise, abort.signal)).rejects.toThrow("gone");
  resolve("there");
  expect(await Promise.all([waiting, another])).toEqual(["there", "there"]);
});

test("who leaves is spared the failure that comes later", async () => {
  const { promise, reject } = Promise.withResolvers<string>();
  await expect(orAborted(promise, AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  reject(new Error("broken"));
  await expect(orAborted(promise, new AbortController().signal)).rejects.toThrow("broken");
});
