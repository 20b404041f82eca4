/**
 * The distribution specification's own conformance suite, a Go program, run against larder.
 *
 * Source: distribution-spec, `conformance/` on its main branch. It ends with status 0 when its configuration is wrong,
 * so its report is what counts.
 */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { requirement, unmet } from "../requirement.ts";
import { startLarder } from "./larder-process.ts";
import { isForeignRegistry } from "./registry-under-test.ts";

const MODULE = "github.com/opencontainers/distribution-spec/conformance";
const COMMIT = "4fc4ecbefaaa6e4e1682f59f5ac445d076cf642d";
const BUILD_LIMIT_MS = 180_000;
const RUN_LIMIT_MS = 60_000;
/** Far fewer would mean that whole areas did not run. */
const LEAST_PASSED = 300;

type Suite = { readonly program: string } | { readonly missing: string };

/** Builds the suite, once for each machine: the program stays in the folder for temporary files. */
async function buildSuite(): Promise<Suite> {
  if (isForeignRegistry) return { missing: "it is for larder alone" };
  const go = requirement("go");
  if (!go.met) return { missing: go.reason };
  const folder = join(tmpdir(), `larder-test-official-suite-${COMMIT.slice(0, 12)}`);
  const program = join(folder, "conformance");
  if (existsSync(program)) return { program };
  await mkdir(folder, { recursive: true });
  const build = Bun.spawnSync(["go", "install", `${MODULE}@${COMMIT}`], {
    cwd: folder,
    env: { ...Bun.env, GOFLAGS: "-mod=mod", GOBIN: folder },
    timeout: BUILD_LIMIT_MS,
  });
  if (build.success && existsSync(program)) return { program };
  const complaint = build.stderr.toString().replaceAll(`${MODULE}@${COMMIT}: `, "").trim().replaceAll(/\s+/g, " ");
  return { missing: unmet(`go install ${MODULE}: ${complaint.slice(-300)}`).reason };
}

const suite = await buildSuite();
const why = "missing" in suite ? ` (${suite.missing})` : "";

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

describe.skipIf("missing" in suite)(`the official conformance suite${why}`, () => {
  test.each(["stable", "dev"])(
    "shows no failure for %s",
    async (version) => {
      if ("missing" in suite) return;
      // Its sparse data is an image whose layer is never pushed, which larder refuses unless it is told otherwise.
      const larder = await startLarder({ arguments: ["--sparse"] });
      const results = await mkdtemp(join(tmpdir(), "larder-test-"));
      try {
        const child = Bun.spawn([suite.program], {
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
        await rm(results, { recursive: true, force: true });
      }
    },
    RUN_LIMIT_MS + 10_000,
  );
});
