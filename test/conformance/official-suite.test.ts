/**
 * The distribution specification's own conformance suite, a Go program, run against larder.
 *
 * Source: distribution-spec, `conformance/` on its main branch. It ends with status 0 when its configuration is wrong,
 * so its report is what counts.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, statSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildConformanceOf, findGoProgram } from "../go-programs.ts";
import { requirement } from "../requirement.ts";
import { startLarder } from "./larder-process.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

const RUN_LIMIT_MS = 60_000;
/** Far fewer would mean that whole areas did not run. */
const LEAST_PASSED = 300;

/** Names a checkout of the distribution specification, from which the suite is built, or the suite, if it is built. */
const GIVEN_SUITE = "LARDER_TEST_CONFORMANCE";
const BUILD_LIMIT_MS = 10 * 60_000;

/** The path of the suite's program or checkout. */
function findSuite(): string | null {
  if (isForeignRegistry) return null; // What it says of another registry is for that registry's makers.
  const given = Bun.env[GIVEN_SUITE];
  if (given !== undefined) return resolve(given);
  return requirement("go:conformance").met ? findGoProgram("conformance") : null;
}

const suite = findSuite();

type Report = { readonly passed: number; readonly failed: readonly string[] };

/** Reads the suite's JUnit report. */
function parseReport(xml: string): Report {
  const cases = [...xml.matchAll(/<testcase\b[^>]*>/g)].map(([tag]) => ({
    name: /\bname="([^"]*)"/.exec(tag)?.[1] ?? "?",
    status: /\bstatus="([^"]*)"/.exec(tag)?.[1] ?? "?",
  }));
  const counts = /<testsuite\b[^>]*\bfailures="(\d+)"[^>]*\berrors="(\d+)"/.exec(xml);
  const failed = cases.filter(({ status }) => status !== "passed" && status !== "skipped").map(({ name }) => name);
  const counted = Number(counts?.[1] ?? 1) + Number(counts?.[2] ?? 1);
  return {
    passed: cases.filter(({ status }) => status === "passed").length,
    failed: counted > 0 && failed.length === 0 ? [`${counted} that the report does not name`] : failed,
  };
}

describe.skipIf(suite === null)("the official conformance suite", () => {
  let folder: string;
  let program = suite ?? "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "larder-test-"));
    if (!statSync(program).isDirectory()) return;
    const checkout = program;
    program = join(folder, "conformance");
    await buildConformanceOf(checkout, program);
  }, BUILD_LIMIT_MS);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each(["stable", "dev"])(
    "shows no failure for %s",
    async (version) => {
      // Its sparse data is an image whose layer is never pushed, which larder refuses unless it is told otherwise.
      const larder = await startLarder({ arguments: ["--sparse"] });
      const results = await mkdtemp(join(folder, "results-"));
      try {
        const child = Bun.spawn([program], {
          cwd: results,
          env: {
            PATH: Bun.env["PATH"] ?? "",
            OCI_REGISTRY: new URL(larder.url).host,
            OCI_TLS: "disabled",
            OCI_REPO1: "conformance/repo1",
            OCI_REPO2: "conformance/repo2",
            OCI_VERSION: version,
            OCI_DATA_SPARSE: "true",
            OCI_RESULTS_DIR: results,
          },
          stdout: "pipe",
          stderr: "pipe",
          timeout: RUN_LIMIT_MS,
        });
        const [output, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
        const file = join(results, "junit.xml");
        expect(existsSync(file), `no report: ${complaint}${output}`).toBe(true);
        const report = parseReport(await readFile(file, "utf8"));
        expect(report.failed, complaint).toEqual([]);
        expect(report.passed).toBeGreaterThan(LEAST_PASSED);
        expect(await child.exited).toBe(0);
      } finally {
        await larder.stop();
      }
    },
    RUN_LIMIT_MS + 10_000,
  );
});
