import { expect, test } from "bun:test";
import { AwaitedFlights } from "./awaited-flights.ts";

/** Work that ends when it is told to, by either way. */
function lab(graceMs: number) {
  const flights = new AwaitedFlights<string, string>(graceMs);
  const runs: { readonly signal: AbortSignal; readonly finish: (text: string) => void }[] = [];
  const work = (signal: AbortSignal) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    runs.push({ signal, finish: resolve });
    return promise;
  };
  const join = () => {
    const leaving = new AbortController();
    return { leave: () => leaving.abort(), outcome: flights.run("key", leaving.signal, work) };
  };
  return { flights, runs, join };
}

test("a run is shared, and goes on as long as anybody waits", async () => {
  const { flights, runs, join } = lab(0);
  const [first, second] = [join(), join()];
  first.leave();
  await Bun.sleep(20);
  expect([runs.length, flights.size, runs[0]?.signal.aborted]).toEqual([1, 1, false]);
  runs[0]?.finish("done");
  expect(await Promise.all([first.outcome, second.outcome])).toEqual(["done", "done"]);
  expect(flights.size).toBe(0);
});

test("a run that all have left is ended, and the next one who comes gets a new one", async () => {
  const { flights, runs, join } = lab(0);
  const first = join();
  first.leave();
  await expect(first.outcome).rejects.toThrow("nobody waits");
  const second = join();
  expect([runs.length, flights.size]).toEqual([2, 1]);
  runs[1]?.finish("again");
  expect(await second.outcome).toBe("again");
});

test("who comes back in time finds the run going on", async () => {
  const { runs, join } = lab(3_600_000);
  join().leave();
  const second = join();
  runs[0]?.finish("done");
  expect([await second.outcome, runs.length]).toEqual(["done", 1]);
});

test("who has left already is nobody", async () => {
  const { flights } = lab(0);
  let ended = "";
  const outcome = flights.run("other", AbortSignal.abort(), (signal) => {
    const { promise, reject } = Promise.withResolvers<string>();
    signal.addEventListener("abort", () => {
      ended = "by nobody";
      reject(signal.reason);
    });
    return promise;
  });
  await expect(outcome).rejects.toThrow("nobody waits");
  expect(ended).toBe("by nobody");
});

test("failures are for all who wait, and are not kept", async () => {
  const flights = new AwaitedFlights<string, string>(0);
  const staying = new AbortController().signal;
  const failing = () => flights.run("key", staying, () => Promise.reject(new Error("no")));
  await expect(failing()).rejects.toThrow("no");
  expect(await flights.run("key", staying, () => Promise.resolve("yes"))).toBe("yes");
});
