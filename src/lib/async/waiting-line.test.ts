import { expect, test } from "bun:test";
import { LineFull, WaitingLine } from "./waiting-line.ts";

/** Pieces of work that end when they are told. */
function lab(limits: { atOnce: number; waiting: number }) {
  const line = new WaitingLine(limits);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const enter = (name: string, signal = new AbortController().signal) =>
    line
      .run(signal, () => {
        begun.push(name);
        const { promise, resolve } = Promise.withResolvers<string>();
        ends.set(name, () => resolve(`${name} done`));
        return promise;
      })
      .catch((error: Error) => (error instanceof LineFull ? "full" : error.message));
  const end = async (name: string) => {
    ends.get(name)?.();
    await Bun.sleep(0);
  };
  return { enter, end, begun };
}

test("so many work at once, so many wait in their order, and more are turned away", async () => {
  const { enter, end, begun } = lab({ atOnce: 2, waiting: 2 });
  const outcomes = ["a", "b", "c", "d", "e"].map((name) => enter(name));
  expect(await outcomes[4]).toBe("full");
  expect(begun).toEqual(["a", "b"]);
  await end("b");
  expect(begun).toEqual(["a", "b", "c"]);
  for (const name of ["a", "c", "d"]) await end(name);
  expect(await Promise.all(outcomes)).toEqual(["a done", "b done", "c done", "d done", "full"]);
  const again = enter("f");
  expect(begun.at(-1)).toBe("f");
  await end("f");
  expect(await again).toBe("f done");
});

test("one who leaves the line gives up the place, whether the turn has come or not", async () => {
  const { enter, end, begun } = lab({ atOnce: 1, waiting: 2 });
  const client = new AbortController();
  const first = enter("a");
  const leaving = enter("b", client.signal);
  const patient = enter("c");
  client.abort(new Error("left"));
  expect(await leaving).toBe("left");
  expect(await enter("d", client.signal)).toBe("left");
  await end("a");
  expect(begun).toEqual(["a", "c"]);
  await end("c");
  expect(await Promise.all([first, patient])).toEqual(["a done", "c done"]);
});

test("work that fails gives up its place", async () => {
  const line = new WaitingLine({ atOnce: 1, waiting: 0 });
  const { signal } = new AbortController();
  for (const why of ["once", "twice"]) {
    const outcome = line.run(signal, () => Promise.reject(new Error(why))).catch((error: Error) => error.message);
    expect(await outcome).toBe(why);
  }
});
