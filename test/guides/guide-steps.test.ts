import { describe, expect, test } from "bun:test";
import { readSteps } from "./guide-steps.ts";

const fenced = (first: string, ...lines: string[]) => ["```" + first, ...lines, "```"].join("\n");
const read = (...parts: string[]) => readSteps("guide.md", parts.join("\n\n"));

describe("the steps of a guide", () => {
  test("are its blocks, by the words that no reader sees, and its comments for the lab", () => {
    const steps = read(
      "# Title",
      fenced("sh larder", "larder ls", "larder du"),
      fenced("text output", "a", "…"),
      fenced("yaml node:/etc/a.yaml", "a: 1"),
      "<!-- lab: unplug the internet -->",
      "<!-- a remark -->",
      fenced("sh node status:3", "false"),
      fenced("sh larder daemon", "larder serve"),
      fenced("text output", "ready"),
      fenced("sh not-run:needs-a-cloud", "aws"),
    );
    expect(steps).toEqual([
      { kind: "commands", line: 3, host: "larder", text: "larder ls\nlarder du\n", status: 0, output: "a\n…\n" },
      { kind: "file", line: 13, host: "node", path: "/etc/a.yaml", text: "a: 1\n" },
      { kind: "action", line: 17, action: "unplug the internet" },
      { kind: "commands", line: 21, host: "node", text: "false\n", status: 3, output: null },
      { kind: "daemon", line: 25, host: "larder", text: "larder serve\n", output: "ready\n" },
      { kind: "shown", line: 33, reason: "needs-a-cloud" },
    ]);
  });

  test("of a list keep their indentation, less the fence's", () => {
    const steps = read("1. First:\n\n   ```yaml a:b.yaml\n   a:\n     b: 1\n   ```");
    expect(steps).toEqual([{ kind: "file", line: 3, host: "a", path: "b.yaml", text: "a:\n  b: 1\n" }]);
  });

  test("stand in a table's column, too, where a comment says so", () => {
    const table = "| old | new |\n| --- | --- |\n| `a` | prose |\n| `b \\| c` | `d \\| e`, then `f` |";
    expect(read("<!-- run column 2 on larder -->", `${table}\n`)).toEqual([
      { kind: "commands", line: 6, host: "larder", text: "d | e\nf\n", status: 0, output: null },
    ]);
    expect(read(`${table}\n`)).toEqual([]);
    expect(() => read("<!-- run column 3 on larder -->", `${table}\n`)).toThrow("no table with commands in column 3");
  });

  test("may hold other fences", () => {
    expect(read("````sh a", "```", "````")).toMatchObject([{ text: "\n```\n\n" }]);
  });

  test.each([
    ["a block without a word", fenced("sh", "ls"), "a block that nobody runs"],
    ["a block without a language", fenced("", "ls"), "a block that nobody runs"],
    ["commands of another language", fenced("python node", "1"), "a block that nobody runs"],
    ["an unknown word", fenced("sh node quietly", "ls"), "a block that nobody runs"],
    ["a reason that is none", fenced("sh not-run:", "ls"), "a block that nobody runs"],
    ["an output of nothing", fenced("text output", "a"), "an output of nothing"],
    ["an output of a file", `${fenced("yaml a:b", "a")}\n${fenced("text output", "a")}`, "an output of nothing"],
    [
      "a second output",
      `${fenced("sh a", "ls")}\n${fenced("text output", "a")}\n${fenced("text output", "b")}`,
      "nothing",
    ],
    ["a daemon that says nothing", fenced("sh a daemon", "larder serve"), "a daemon needs an output"],
    ["a fence without an end", "```sh a\nls", "this fence has no end"],
    ["indented code", "Run\n\n    rm -rf x\n", "indented code"],
  ])("are refused: %s", (_, text, message) => {
    expect(() => read("text", text)).toThrow(/^guide\.md:\d+: /);
    expect(() => read("text", text)).toThrow(message);
  });
});
