import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement, SKIPPED_SUITES_VARIABLE } from "./requirement.ts";

test("a program that is there is met, and nothing is recorded", () => {
  expect(requirement("sh")).toEqual({ met: true, reason: "" });
});

test("a suite that lacks something records its file and why, for the runner", async () => {
  const folder = mkdtempSync(join(tmpdir(), "larder-requirement-"));
  const suite = join(folder, "suite.test.ts");
  const module = JSON.stringify(join(import.meta.dir, "requirement.ts"));
  writeFileSync(
    suite,
    `import { test } from "bun:test";
     import { requirement } from ${module};
     test.skipIf(!requirement("sh", "no-such-program", "actool-of-nobody").met)("runs", () => {});`,
  );
  const record = join(folder, "record");
  const run = Bun.spawn([process.execPath, "test", suite], {
    env: { ...process.env, [SKIPPED_SUITES_VARIABLE]: record },
    stdio: ["ignore", "ignore", "ignore"],
  });
  expect(await run.exited).toBe(0);
  const { file, reason } = JSON.parse(readFileSync(record, "utf8")) as { file: string; reason: string };
  expect(file).toEndWith("suite.test.ts");
  expect(reason).toBe("no-such-program is not installed; actool-of-nobody is not installed");
  rmSync(folder, { recursive: true });
});
