import { expect, test } from "bun:test";
import fc from "fast-check";
import { formatBytes } from "../lib/text/format-bytes.ts";
import { Progress } from "./progress.ts";

/** What a terminal of so many columns shows after all that was written; it breaks lines that are wider. */
class Screen {
  readonly isTerminal: boolean;
  columns: number;
  writes = 0;
  text = "";
  rows: string[] = [""];
  #resized: (() => void) | null = null;

  constructor(isTerminal: boolean, columns: number) {
    this.isTerminal = isTerminal;
    this.columns = columns;
  }

  onResize(callback: () => void): () => void {
    this.#resized = callback;
    return () => {
      this.#resized = null;
    };
  }

  /** Breaks what is shown anew, as terminals do. */
  resize(columns: number): void {
    this.columns = columns;
    this.rows = this.rows.flatMap((row) => row.match(new RegExp(`.{1,${columns}}`, "g")) ?? [""]);
    this.#resized?.();
  }

  get isWatched(): boolean {
    return this.#resized !== null;
  }

  write(text: string): void {
    this.writes += 1;
    this.text += text;
    for (const [piece, up] of text.replaceAll("\x1b", "␛").matchAll(/␛\[(\d+)A␛\[J|\n|[^\n␛]+/g)) {
      if (up !== undefined) this.rows = [...this.rows.slice(0, Math.max(0, this.rows.length - 1 - Number(up))), ""];
      else if (piece === "\n") this.rows.push("");
      else this.rows.push(...(`${this.rows.pop()}${piece}`.match(new RegExp(`.{1,${this.columns}}`, "g")) ?? []));
    }
  }
}

function start(isTerminal: boolean, columns = 80) {
  const screen = new Screen(isTerminal, columns);
  const clock = { nowMs: 0 };
  return { screen, clock, progress: new Progress(screen, () => clock.nowMs) };
}

test("a terminal shows a bar for each transfer, all together below, and a line that stays when one has ended", () => {
  const { screen, clock, progress } = start(true);
  progress.begin("a", "layer a", 1000);
  progress.begin("b", "layer b", 3000);
  clock.nowMs = 1000;
  progress.update("a", 500);
  expect(screen.rows).toEqual([
    "layer a  [############------------]  500 B of 1.0 kB",
    "layer b  [------------------------]  0 B of 3.0 kB",
    "0 of 2 done  500 B of 4.0 kB  500 B/s  0:07 left",
    "",
  ]);
  progress.end("a", "copied", true);
  expect(screen.rows).toEqual([
    "layer a     1.0 kB  copied",
    "layer b  [------------------------]  0 B of 3.0 kB",
    "1 of 2 done  1.0 kB of 4.0 kB  1.0 kB/s  0:03 left",
    "",
  ]);
  progress.close();
  expect(screen.rows).toEqual(["layer a     1.0 kB  copied", ""]);
  expect(screen.isWatched).toBe(false);
});

test("what was there already counts for no rate, and of an unknown size no time is told", () => {
  const { screen, clock, progress } = start(true);
  progress.begin("a", "a", 1_000_000);
  progress.end("a", "already there", false);
  progress.begin("b", "b", null);
  clock.nowMs = 2000;
  progress.update("b", 4000);
  expect(screen.rows.at(-2)).toBe("1 of 2 done  4.0 kB  2.0 kB/s");
  progress.close();
});

test("bars are drawn five times a second at most, each time in one piece", () => {
  const { screen, clock, progress } = start(true);
  progress.begin("a", "layer a", 1_000_000);
  const { writes } = screen;
  for (let done = 0; done < 1000; done += 1) progress.update("a", done);
  expect(screen.writes).toBe(writes);
  clock.nowMs = 200;
  progress.update("a", 999);
  expect(screen.writes).toBe(writes + 1);
  progress.close();
});

test("more transfers than fit on a screen are counted", () => {
  const { screen, clock, progress } = start(true);
  for (let at = 0; at < 20; at += 1) progress.begin(String(at), `layer ${at}`, 10);
  clock.nowMs = 200;
  progress.update("0", 1);
  expect(screen.rows.length).toBe(15);
  expect(screen.rows.at(-3)).toBe("and 8 more");
  progress.close();
});

test("no line is ever wider than the terminal, from 40 to 200 columns, and nothing is left of it", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "/", ".", ":", "-"), minLength: 1, maxLength: 120 });
  const width = fc.integer({ min: 40, max: 200 });
  const transfers = fc.array(fc.tuple(name, fc.option(fc.maxSafeNat())), { minLength: 1, maxLength: 15 });
  fc.assert(
    fc.property(width, width, transfers, (columns, narrower, begun) => {
      const { screen, clock, progress } = start(true, columns);
      begun.forEach(([label, total], key) => progress.begin(String(key), label, total));
      clock.nowMs = 300;
      progress.update("0", 12_345_678);
      const shown = screen.rows.length;
      // One row for each line: nothing was broken.
      expect(shown).toBe(Math.min(begun.length, 12) + (begun.length > 12 ? 1 : 0) + 2);
      screen.resize(narrower);
      expect(screen.rows.length).toBe(shown);
      clock.nowMs = 600;
      progress.update("0", 23_456_789);
      expect(screen.rows.length).toBe(shown);
      progress.end("0", "fetched", true);
      progress.close();
      expect(screen.rows).toHaveLength(2);
    }),
    { numRuns: 300 },
  );
});

test("elsewhere there is a line for each transfer that has ended, and one a minute, without control characters", () => {
  const { screen, clock, progress } = start(false);
  progress.begin("a", "layer a", 100_000);
  for (clock.nowMs = 0; clock.nowMs < 130_000; clock.nowMs += 1000) progress.update("a", clock.nowMs / 2);
  progress.end("a", "copied", true);
  progress.end("unknown", "never", true);
  progress.say("done");
  progress.close();
  expect(screen.text.split("\n")).toEqual([
    "0 of 1 done  30.0 kB of 100 kB",
    "0 of 1 done  60.0 kB of 100 kB  500 B/s  1:20 left",
    "layer a     100 kB  copied",
    "done",
    "",
  ]);
});

test("sizes have three digits at most", () => {
  const sizes = [0, 999, 1000, 1550, 99_949, 99_950, 999_499, 999_500, 1.5e9, 2e12, 5e15].map(formatBytes);
  expect(sizes).toEqual([
    "0 B",
    "999 B",
    "1.0 kB",
    "1.6 kB",
    "99.9 kB",
    "100 kB",
    "999 kB",
    "1.0 MB",
    "1.5 GB",
    "2.0 TB",
    "5000 TB",
  ]);
});
