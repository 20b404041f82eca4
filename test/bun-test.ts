/** `bun test` as the runner runs it: in namespaces and a temporary folder of its own, with a report to read. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { UNBUILT_VARIABLE } from "./go-programs.ts";
import { inOwnNamespaces } from "./own-namespaces.ts";
import { SKIPPED_SUITES_VARIABLE, type SkippedSuite } from "./requirement.ts";
import { parseTestReport, type TestReport } from "./test-report.ts";

/** Each test has limits of its own; this one ends a run that hangs all the same. */
const RUN_TIMEOUT_MS = 40 * 60_000;
/** Machines that run tests are slow and busy: bun's own default of 5 s fails honest tests there. */
const TEST_TIMEOUT_MS = 30_000;

/** Most tests wait for other programs for half of their time. */
const WORKERS = availableParallelism() + 1;
/** What takes longest begins first, or one worker would be left with it when all others are done. */
const SLOW_FOLDERS = ["test/end-to-end/", "src/clients/deliver/"];

export type BunTestOptions = {
  /** The test files that the arguments choose; several are run side by side. */
  readonly files: readonly string[];
  readonly checkout: string;
  /** For what a run leaves to read, and for the tests' temporary files. What an earlier one left there is removed. */
  readonly folder: string;
  /** Why programs could not be built, by name. */
  readonly unbuilt: Readonly<Record<string, string>>;
  /** Ends the run, and everything that it started, at once. */
  readonly signal: AbortSignal;
};

export type BunTestOutcome = {
  readonly succeeded: boolean;
  readonly report: TestReport;
  /** Suites that said why they are skipped. */
  readonly skipped: readonly SkippedSuite[];
};

/** Runs `bun test` with these arguments; what it prints goes where this process prints. */
export async function runBunTest(argv: readonly string[], options: BunTestOptions): Promise<BunTestOutcome> {
  const { checkout, files, folder, unbuilt, signal } = options;
  const own = join(folder, ".run");
  const [reportFile, skippedFile] = [join(own, "junit.xml"), join(own, "skipped-suites")];
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
  mkdirSync(own);
  const report = ["--reporter=junit", `--reporter-outfile=${reportFile}`];
  const command = [
    process.execPath,
    "test",
    `--timeout=${TEST_TIMEOUT_MS}`,
    ...report,
    ...sideBySide(files, own),
    ...argv,
  ];
  const tests = Bun.spawn([...inOwnNamespaces(command)], {
    cwd: checkout,
    env: {
      ...process.env,
      TMPDIR: folder,
      [SKIPPED_SUITES_VARIABLE]: skippedFile,
      [UNBUILT_VARIABLE]: JSON.stringify(unbuilt),
    },
    stdio: ["inherit", "inherit", "inherit"],
    timeout: RUN_TIMEOUT_MS,
    signal,
    killSignal: "SIGKILL",
  });
  const exitCode = await tests.exited;
  if (tests.signalCode !== null) console.log(`\nbun test was ended by ${tests.signalCode}`);
  return {
    succeeded: exitCode === 0,
    report: parseTestReport(textOf(reportFile)),
    skipped: textOf(skippedFile)
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as SkippedSuite),
  };
}

/** The options that have several files run at once. */
function sideBySide(files: readonly string[], folder: string): readonly string[] {
  if (files.length < 2) return [];
  const timings = join(folder, "timings.json");
  const isSlow = (file: string) => SLOW_FOLDERS.some((slow) => file.startsWith(slow));
  const milliseconds = Object.fromEntries(files.map((file) => [file, isSlow(file) ? 30_000 : 1000]));
  writeFileSync(timings, JSON.stringify({ version: 1, files: milliseconds }));
  return [`--parallel=${WORKERS}`, `--timings=${timings}`];
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, "utf8") : "";
}
