import { expect, test } from "bun:test";
import { describeSkipped, parseTestReport } from "./test-report.ts";

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="7">
  <testsuite name="a.test.ts" file="test/a.test.ts" tests="5">
    <testsuite name="sk &amp; &lt;x&gt;" file="test/a.test.ts" line="3">
      <testcase name="one &gt; &quot;two&quot;" classname="sk" time="0" file="test/a.test.ts" line="3" assertions="0">
        <skipped />
      </testcase>
      <testcase name="(unnamed)" classname="sk" time="0" file="test/a.test.ts" assertions="0">
        <skipped />
      </testcase>
    </testsuite>
    <testcase name="ok" classname="" time="0.1" file="test/a.test.ts" line="4" assertions="1" />
    <testcase name="later" classname="" time="0" file="test/b.test.ts" line="5" assertions="0">
      <skipped message="TODO" />
    </testcase>
    <testcase name="(unnamed)" classname="bad before" time="0.2" file="test/a.test.ts" assertions="0">
      <failure type="Error" message="x">Error: &lt;skipped&gt;</failure>
    </testcase>
  </testsuite>
</testsuites>`;

test("passed, failed and skipped cases are counted, skipped hooks are not", () => {
  const { passed, failed, skipped } = parseTestReport(REPORT);
  expect({ passed, failed, skipped }).toEqual({ passed: 1, failed: 1, skipped: 2 });
  const { failedByFile, files } = parseTestReport(REPORT);
  expect([[...failedByFile], [...files]]).toEqual([[["test/a.test.ts", 1]], ["test/a.test.ts", "test/b.test.ts"]]);
  expect(parseTestReport("")).toMatchObject({ passed: 0, failed: 0, skipped: 0 });
});

test("each file with skipped tests is listed once, with every reason it gave once", () => {
  const recorded = [
    { file: "test/a.test.ts", reason: "no ip" },
    { file: "test/a.test.ts", reason: "no podman" },
    { file: "test/a.test.ts", reason: "no ip" },
    { file: "test/c.test.ts", reason: "not skipped after all" },
  ];
  expect(describeSkipped(parseTestReport(REPORT), recorded)).toEqual([
    "test/a.test.ts (1 test): no ip; no podman",
    "test/b.test.ts (1 test): no reason recorded",
  ]);
});
