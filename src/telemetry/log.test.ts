import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { LogForm } from "./log-form.ts";
import { LogOutput } from "./log-output.ts";
import { LineLog } from "./line-log.ts";
import type { LogFields } from "./log.ts";
import { quoteSafely, showSafely } from "./quote-safely.ts";

const JSON_FORM: LogForm = { format: "json", isTerminal: false, isColoured: false, isJournal: false };

function lines(form?: LogForm) {
  const written: string[] = [];
  const log = new LineLog(
    (line) => written.push(line),
    "info",
    () => 0,
    form,
  );
  return { log, written };
}

test("a line has its time, level, message and fields, and nothing can forge another line", () => {
  const { log, written } = lines();
  log.write("debug", "too fine");
  log.write("warning", "upstream is down", { namespace: "docker.io", tries: 3, error: 'no\nroute "x"' });
  expect(written).toEqual([
    '1970-01-01T00:00:00.000Z warning upstream is down namespace=docker.io tries=3 error="no\\nroute \\"x\\""\n',
  ]);
});

test("in the journal, a line begins with its priority, and has no time for people", () => {
  const { log, written } = lines({ format: "human", isTerminal: false, isColoured: false, isJournal: true });
  log.setLevel("debug");
  for (const level of ["debug", "info", "warning", "error"] as const) log.write(level, "it happened");
  expect(written).toEqual([
    "<7>debug it happened\n",
    "<6>info it happened\n",
    "<4>warning it happened\n",
    "<3>error it happened\n",
  ]);
  const programs = lines({ ...JSON_FORM, isJournal: true });
  programs.log.write("warning", "it happened");
  expect(programs.written[0]).toMatch(/^<4>\{"time":"1970-01-01T00:00:00.000Z","level":"warning"/);
});

test("for programs, a line is an object", () => {
  const { log, written } = lines(JSON_FORM);
  const fields: LogFields = {
    namespace: "docker.io",
    tries: 3,
    error: 'no\nroute "x"',
    ratio: Number.NaN,
    on: true,
    by: null,
  };
  log.write("warning", "upstream is down", fields);
  expect(written).toHaveLength(1);
  expect(JSON.parse(written[0] ?? "")).toEqual({
    time: "1970-01-01T00:00:00.000Z",
    level: "warning",
    message: "upstream is down",
    ...fields,
    ratio: null,
  });
});

test("on a terminal, a line has the time of day, and colours only when they are wanted", () => {
  for (const isColoured of [true, false]) {
    const { log, written } = lines({ format: "human", isTerminal: true, isJournal: false, isColoured });
    log.write("error", "disk is full", { path: "/data" });
    const [line = ""] = written;
    expect(line.includes("\u001b[")).toBe(isColoured);
    expect(Bun.stripANSI(line)).toMatch(/^\d\d:\d\d:\d\d error {3}disk is full path=\/data\n$/);
  }
});

test("the least level may change while it writes", () => {
  const { log, written } = lines();
  log.setLevel("error");
  log.write("warning", "not now");
  log.setLevel("debug");
  log.write("debug", "now");
  expect(written.join("")).toMatch(/debug now\n$/);
});

describe("whatever is put into a line", () => {
  // Of all of Unicode, with a good share of what does harm.
  const anything = fc.oneof(
    fc.string({ unit: "binary" }),
    fc
      .array(
        fc.constantFrom(
          "\n",
          "\r",
          "\u001b[2J",
          "\u009b31m",
          "\u2028",
          "\u202e",
          "\u0085",
          '"',
          "\\",
          "\ud800",
          "\u0000",
        ),
      )
      .map((parts) => parts.join("")),
  );

  test("is one line without controls, and the same when it is read again", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const quoted = quoteSafely(text, 1_000_000);
        expect(quoted).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
        expect(JSON.parse(quoted)).toBe(text);
        expect(showSafely(text, 1_000_000)).not.toMatch(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test("is bounded", () => {
    expect(quoteSafely("x".repeat(10_000), 100)).toBe(`"${"x".repeat(100)}…"`);
    const { log, written } = lines(JSON_FORM);
    log.write("error", "it failed", { error: "\u0000".repeat(1_000_000) });
    expect(written.join("").length).toBeLessThan(20_000);
  });
});

test("lines that nobody takes are left out, and the first that is taken again says how many", () => {
  let waiting = 0;
  const written: string[] = [];
  const sink = {
    waitingChars: () => waiting,
    write: (text: string) => {
      written.push(text);
    },
  };
  const output = new LogOutput(sink, (count) => `${count} were left out\n`);
  output.writeLine("one\n");
  waiting = 5 << 20;
  for (let count = 0; count < 1000; count++) output.writeLine("more\n");
  waiting = 0;
  output.writeLine("two\n");
  output.writeLine("three\n");
  expect(written).toEqual(["one\n", "1000 were left out\n", "two\n", "three\n"]);
  expect(output.droppedLines).toBe(1000);
});

test("lines are counted by their level, those alone that are written", () => {
  const log = new LineLog(
    () => {},
    "info",
    () => 0,
  );
  for (const level of ["debug", "info", "warning", "warning", "error"] as const) log.write(level, "it happened");
  log.setLevel("error");
  log.write("warning", "it happened");
  log.writeLine("error", "it happened\n");
  expect(log.counts).toEqual({ debug: 0, info: 1, warning: 2, error: 2 });
});

test.each([
  ["json" as const, /^\{"time":"[^"]+","level":"info","message":"m","a":1,"service":"registry","at":"a \\"b\\""\}\n$/],
  ["human" as const, /^\S+ info m a=1 service=registry at="a \\"b\\""\n$/],
])("fixed fields are at the end of each line: %s", (format, line) => {
  const lines: string[] = [];
  const form = { format, isTerminal: false, isColoured: false, isJournal: false };
  const fixed = { service: "registry", at: 'a "b"' };
  const log = new LineLog(
    (text) => lines.push(text),
    "info",
    () => 0,
    form,
    fixed,
  );
  log.write("info", "m", { a: 1 });
  expect(lines).toEqual([expect.stringMatching(line)]);
});
