import { expect, test } from "bun:test";
import { join } from "node:path";

/** What `npm test -- ARGUMENTS` prints and its exit status. */
async function run(...argv: string[]): Promise<{ status: number; lines: string[] }> {
  const runner = Bun.spawn([process.execPath, join(import.meta.dir, "run.ts"), ...argv], {
    env: { ...process.env, LARDER_TEST_INSTALL: "0" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const [output, status] = await Promise.all([runner.stdout.text(), runner.exited]);
  return { status, lines: output.trimEnd().split("\n") };
}

test("the last line has the counts", async () => {
  const { status, lines } = await run("test/test-report.test.ts");
  expect(lines.at(-1)).toBe("2 passed, 0 failed, 0 skipped");
  expect(status).toBe(0);
});

test("a run without any test fails and says so", async () => {
  const { status, lines } = await run("no-file-has-this-in-its-name");
  expect(lines).toContain("No test ran.");
  expect(lines.at(-1)).toMatch(/^0 passed, [01] failed, 0 skipped$/);
  expect(status).toBe(1);
});
