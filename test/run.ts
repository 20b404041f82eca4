/**
 * `npm test`: brings the programs that the tests need, runs all tests, and says plainly what was skipped and why.
 *
 * Arguments go through to `bun test`: `npm test -- src/oci`, `npm test -- -t "pushed tag"`. With
 * LARDER_TEST_INSTALL=0 nothing is installed or built. The last line is `N passed, N failed, N skipped`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installMissingPackages } from "./debian-packages.ts";
import { buildGoPrograms, goProgramsAskedForIn, UNBUILT_VARIABLE } from "./go-programs.ts";
import { SKIPPED_SUITES_VARIABLE, type SkippedSuite } from "./requirement.ts";
import { describeSkipped, parseTestReport, type TestReport } from "./test-report.ts";

const CHECKOUT = new URL("..", import.meta.url).pathname;
/** Each test has limits of its own; this one ends a run that hangs all the same. */
const RUN_TIMEOUT_MS = 40 * 60_000;
/** Machines that run tests are slow and busy: bun's own default of 5 s fails honest tests there. */
const TEST_TIMEOUT_MS = 30_000;
const OPTIONS_WITH_VALUE = new Set(["-t", "--test-name-pattern", "--timeout", "--seed", "--max-concurrency"]);

/** The words among the arguments that choose test files: paths, and parts of file names. */
function filtersOf(given: readonly string[]): string[] {
  return given.filter((word, index) => !word.startsWith("-") && !OPTIONS_WITH_VALUE.has(given[index - 1] ?? ""));
}

/** The arguments of `bun test`: without a path or a filter among them, all tests of `src/` and `test/`. */
function testArguments(given: readonly string[]): string[] {
  const filters = filtersOf(given);
  // Bun takes a word for a part of a file name, unless it begins like a path.
  const words = given.map((word) =>
    filters.includes(word) && existsSync(join(CHECKOUT, word)) ? `./${word.replace(/^\.\//, "")}` : word,
  );
  return filters.length > 0 ? words : [...words, "./src", "./test"];
}

/** The test files that the arguments choose. */
function chosenFiles(given: readonly string[]): readonly string[] {
  const filters = filtersOf(given).map((word) => word.replace(/^\.\//, ""));
  return [...new Bun.Glob("{src,test}/**/*.test.ts").scanSync(CHECKOUT)].filter(
    (file) => filters.length === 0 || filters.some((word) => file.includes(word)),
  );
}

/** Builds what the chosen test files ask for. Returns why some of it could not be built, by name. */
async function buildMissingPrograms(given: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const asked = chosenFiles(given).flatMap((file) => goProgramsAskedForIn(readFileSync(join(CHECKOUT, file), "utf8")));
  return buildGoPrograms([...new Set(asked)].sort(), console.log);
}

async function runTests(
  folder: string,
  given: readonly string[],
  unbuilt: Readonly<Record<string, string>>,
): Promise<{ succeeded: boolean; report: TestReport }> {
  const reportFile = join(folder, "junit.xml");
  const tests = Bun.spawn(
    [
      process.execPath,
      "test",
      `--timeout=${TEST_TIMEOUT_MS}`,
      "--reporter=junit",
      `--reporter-outfile=${reportFile}`,
      ...testArguments(given),
    ],
    {
      cwd: CHECKOUT,
      env: {
        ...process.env,
        [SKIPPED_SUITES_VARIABLE]: join(folder, "skipped-suites"),
        [UNBUILT_VARIABLE]: JSON.stringify(unbuilt),
      },
      stdio: ["inherit", "inherit", "inherit"],
      timeout: RUN_TIMEOUT_MS,
      killSignal: "SIGKILL",
    },
  );
  const exitCode = await tests.exited;
  if (tests.signalCode !== null) console.log(`\nbun test was ended by ${tests.signalCode}`);
  const report = parseTestReport(existsSync(reportFile) ? readFileSync(reportFile, "utf8") : "");
  return { succeeded: exitCode === 0, report };
}

/** So many files that failed are run again; more are no accident. */
const AGAIN_LIMIT = 5;

/**
 * Runs files that failed once more, each by itself, and says so: what is broken fails again, what a busy machine broke among
 * three hundred other files does not. Returns the tests that failed at first, by file, when all of them passed now.
 */
async function runAgain(
  given: readonly string[],
  report: TestReport,
  folder: string,
  unbuilt: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, number> | null> {
  const files = [...report.failedByFile.keys()];
  const unheard = chosenFiles(given).filter((file) => !report.files.has(file));
  if (unheard.length > 0) console.log(`\nNo test was heard of in ${unheard.join(", ")}`);
  if (unheard.length > 0 || files.length === 0 || files.length > AGAIN_LIMIT) return null;
  for (const file of files) {
    console.log(`\n${file} failed, and is run once more by itself:`);
    const own = mkdtempSync(join(folder, "again-"));
    if (!(await runTests(own, [file], unbuilt)).succeeded) return null;
  }
  return report.failedByFile;
}

function recordedSkips(folder: string): SkippedSuite[] {
  const file = join(folder, "skipped-suites");
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as SkippedSuite);
}

const mayInstall = process.env["LARDER_TEST_INSTALL"] !== "0";
if (mayInstall) installMissingPackages(console.log);
const unbuilt = mayInstall ? await buildMissingPrograms(process.argv.slice(2)) : {};
const folder = mkdtempSync(join(tmpdir(), "larder-test-run-"));
try {
  const { succeeded, report } = await runTests(folder, process.argv.slice(2), unbuilt);
  const skipped = describeSkipped(report, recordedSkips(folder));
  if (skipped.length > 0) console.log(`\nSkipped:\n${skipped.map((line) => `  ${line}`).join("\n")}`);
  const someRan = report.passed + report.failed > 0;
  if (!someRan) console.log("\nNo test ran.");
  const wavering = succeeded ? null : await runAgain(process.argv.slice(2), report, folder, unbuilt);
  if (wavering !== null) {
    const lines = [...wavering].map(([file, count]) => `  ${file} (${count})`);
    console.log(`\nFailed at first and passed by itself, which wants a look:\n${lines.join("\n")}`);
  }
  // A test file that does not load, or a crash, shows in the exit status alone.
  const failed = wavering !== null ? 0 : !succeeded && report.failed === 0 ? 1 : report.failed;
  const passed = report.passed + (wavering === null ? 0 : report.failed);
  console.log(`\n${passed} passed, ${failed} failed, ${report.skipped} skipped`);
  process.exitCode = failed > 0 || !someRan ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
