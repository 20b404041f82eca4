import { expect, test } from "bun:test";
import { parseConfiguration } from "./configuration-file.ts";

const problemsOf = (rules: string) => parseConfiguration(`retention:\n  rules:\n${rules}`, "larder.yaml").problems;

test("a rule that would take everything that it matches is refused", () => {
  for (const rest of ["", ", keepLast: 0", ", keep: ['v*']", ", keepLast: 0, keep: [latest]"]) {
    const problems = problemsOf(`    - { pattern: 'team/**'${rest} }\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toStartWith("larder.yaml:3: retention.rules: rule 1: it would remove everything");
  }
});

test("what is wrong is told with the key and its line", () => {
  const problems = problemsOf(
    [
      "    - pattern: 'team/**:pr-*'",
      "      keepLast: 10",
      "    - pattern: 'Team/x'",
      "      keeplast: 3",
      "      keepYounger: 3",
      "      keep: ['v 1']",
      "    - nothing",
      "    - keepLast: -1",
    ].join("\n"),
  );
  const told: readonly [number, string][] = [
    [5, 'rule 2: pattern: "Team/x" is not a pattern'],
    [6, 'rule 2: "keeplast" is not a part of a rule; there are pattern, keepLast'],
    [7, "rule 2: keepYounger must be a duration"],
    [8, "rule 2: keep must be tags"],
    [9, "rule 3: must be keys and values"],
    [10, "rule 4: pattern must say"],
    [10, "rule 4: keepLast must be a whole number"],
  ];
  for (const [line, text] of told) {
    expect(problems.some((one) => one.startsWith(`larder.yaml:${line}: retention.rules: ${text}`))).toBe(true);
  }
});

test("rules are read as they are written", () => {
  const text = "    - { pattern: 'x:pr-*', keepLast: 2, keepYounger: 14d, keepPulledWithin: 30d, keep: latest }\n";
  const { given, problems } = parseConfiguration(`retention:\n  rules:\n${text}`, "larder.yaml");
  expect(problems).toEqual([]);
  const day = 86_400_000;
  expect(given.get("retention.rules")?.value).toEqual([
    { pattern: "local/x:pr-*", keepLast: 2, keepYoungerMs: 14 * day, keepPulledWithinMs: 30 * day, keep: ["latest"] },
  ]);
});
