/** What a test run came to, read from the JUnit report that `bun test` writes. */
import type { SkippedSuite } from "./requirement.ts";

/** Numbers of test cases; tests still to be written (`test.todo`) count as skipped. */
export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The counts, and how many test cases were skipped, and failed, in each file. */
export type TestReport = TestCounts & {
  readonly skippedByFile: ReadonlyMap<string, number>;
  readonly failedByFile: ReadonlyMap<string, number>;
  /** Those that a test was heard of: a file that does not load is in no report. */
  readonly files: ReadonlySet<string>;
};

/** So Bun lists hooks (beforeAll, afterAll) that were skipped together with their suite. */
const UNNAMED = 'name="(unnamed)"';

/** Reads a JUnit report. Bun escapes `<`, `>` and `"` inside attributes, which this relies on. */
export function parseTestReport(xml: string): TestReport {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skippedByFile = new Map<string, number>();
  const failedByFile = new Map<string, number>();
  const files = new Set<string>();
  const count = (byFile: Map<string, number>, file: string): void => void byFile.set(file, (byFile.get(file) ?? 0) + 1);
  for (const [, attributes = "", body = ""] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const file = / file="([^"]*)"/.exec(attributes)?.[1] ?? "?";
    files.add(file);
    if (/<(?:failure|error)\b/.test(body)) {
      counts.failed += 1;
      count(failedByFile, file);
    } else if (!/<skipped\b/.test(body)) counts.passed += 1;
    else if (!attributes.includes(UNNAMED)) {
      counts.skipped += 1;
      count(skippedByFile, file);
    }
  }
  return { ...counts, skippedByFile, failedByFile, files };
}

/** One line for each suite that has skipped tests: file, how many, and why (of the reasons that suites recorded). */
export function describeSkipped(report: TestReport, recorded: readonly SkippedSuite[]): string[] {
  return [...report.skippedByFile].map(([file, count]) => {
    const reasons = new Set(recorded.filter((suite) => suite.file === file).map((suite) => suite.reason));
    const why = reasons.size === 0 ? "no reason recorded" : [...reasons].join("; ");
    return `${file} (${count} ${count === 1 ? "test" : "tests"}): ${why}`;
  });
}
