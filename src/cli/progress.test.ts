import { expect, test } from "bun:test";
import { formatBytes, Progress } from "./progress.ts";

/** What a terminal of one screen would show after all that was written. */
class Screen {
  readonly isTerminal: boolean;
  text = "";
  lines: string[] = [""];

  constructor(isTerminal: boolean) {
    this.isTerminal = isTerminal;
  }

  write(text: string): void {
    this.text += text;
    // Up by so many lines, then clear to the end: written as a piece of its own.
    const up = text.startsWith("\x1b[") ? Number(/\d+/.exec(text)?.[0]) : 0;
    if (up > 0) this.lines = [...this.lines.slice(0, this.lines.length - 1 - up), ""];
    const parts = `${this.lines.pop()}${up > 0 ? "" : text}`.split("\n");
    this.lines.push(...parts);
  }
}

function start(isTerminal: boolean) {
  const screen = new Screen(isTerminal);
  const clock = { nowMs: 0 };
  return { screen, clock, progress: new Progress(screen, () => clock.nowMs) };
}

test("a terminal shows a bar for each transfer, and a line that stays when it has ended", () => {
  const { screen, clock, progress } = start(true);
  progress.begin("a", "layer a", 1000);
  progress.begin("b", "layer b", null);
  clock.nowMs = 200;
  progress.update("a", 500);
  expect(screen.lines).toEqual([
    "layer a  [############------------]  500 B of 1.0 kB",
    "layer b  [------------------------]  0 B",
    "",
  ]);
  progress.end("a", "copied");
  expect(screen.lines).toEqual(["layer a     1.0 kB  copied", "layer b  [------------------------]  0 B", ""]);
  progress.close();
  expect(screen.lines).toEqual(["layer a     1.0 kB  copied", ""]);
});

test("bars are drawn ten times a second at most", () => {
  const { screen, clock, progress } = start(true);
  progress.begin("a", "layer a", 1_000_000);
  const before = screen.text;
  for (let done = 0; done < 1000; done += 1) progress.update("a", done);
  expect(screen.text).toBe(before);
  clock.nowMs = 100;
  progress.update("a", 999);
  expect(screen.text).not.toBe(before);
});

test("more transfers than fit on a screen are counted", () => {
  const { screen, clock, progress } = start(true);
  for (let at = 0; at < 20; at += 1) progress.begin(String(at), `layer ${at}`, 10);
  clock.nowMs = 100;
  progress.update("0", 1);
  expect(screen.lines.length).toBe(14);
  expect(screen.lines.at(-2)).toBe("and 8 more");
});

test("elsewhere there is a line for each transfer that has ended, without control characters", () => {
  const { screen, clock, progress } = start(false);
  progress.begin("a", "layer a", 1000);
  clock.nowMs = 1000;
  progress.update("a", 500);
  progress.end("a", "copied");
  progress.end("unknown", "never");
  progress.say("done");
  progress.close();
  expect(screen.text).toBe("layer a     1.0 kB  copied\ndone\n");
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
