/** What a test run came to, read from the JUnit report that `bun test` writes. */
import type { SkippedSuite } from "./requirement.ts";

/** Numbers of test cases; tests still to be written (`test.todo`) count as skipped. */
export type TestCounts = { readonly passed: number; readonly failed: number; readonly skipped: number };

/** The counts, and how many test cases were skipped in each file. */
export type TestReport = TestCounts & { readonly skippedByFile: ReadonlyMap<string, number> };

/** So Bun lists hooks (beforeAll, afterAll) that were skipped together with their suite. */
const UNNAMED = 'name="(unnamed)"';

/** Reads a JUnit report. Bun escapes `<`, `>` and `"` inside attributes, which this relies on. */
export function parseTestReport(xml: string): TestReport {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const skippedByFile = new Map<string, number>();
  for (const [, attributes = "", body = ""] of xml.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (/<(?:failure|error)\b/.test(body)) counts.failed += 1;
    else if (!/<skipped\b/.test(body)) counts.passed += 1;
    else if (!attributes.includes(UNNAMED)) {
      counts.skipped += 1;
      const file = / file="([^"]*)"/.exec(attributes)?.[1] ?? "?";
      skippedByFile.set(file, (skippedByFile.get(file) ?? 0) + 1);
    }
  }
  return { ...counts, skippedByFile };
}

/** One line for each suite that has skipped tests: file, how many, and why (of the reasons that suites recorded). */
export function describeSkipped(report: TestReport, recorded: readonly SkippedSuite[]): string[] {
  return [...report.skippedByFile].map(([file, count]) => {
    const reasons = new Set(recorded.filter((suite) => suite.file === file).map((suite) => suite.reason));
    const why = reasons.size === 0 ? "no reason recorded" : [...reasons].join("; ");
    return `${file} (${count} ${count === 1 ? "test" : "tests"}): ${why}`;
  });
}
