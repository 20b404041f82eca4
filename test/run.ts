/**
 * `npm test`: brings the programs that the tests need, runs all tests, and says plainly what was skipped and why.
 *
 * Arguments go through to `bun test`: `npm test -- src/oci`, `npm test -- -t "pushed tag"`. With
 * LARDER_TEST_INSTALL=0 nothing is installed or built. The last line is `N passed, N failed, N skipped`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type BunTestOutcome, runBunTest } from "./bun-test.ts";
import { installMissingPackages } from "./debian-packages.ts";
import { buildGoPrograms, goProgramsAskedForIn } from "./go-programs.ts";
import { makeRunFolder } from "./run-folder.ts";
import { describeSkipped, type TestReport } from "./test-report.ts";

const CHECKOUT = new URL("..", import.meta.url).pathname;
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

/** So many files that failed are run again; more are no accident. */
const AGAIN_LIMIT = 5;

/**
 * Runs files that failed once more, each by itself, and says so: what is broken fails again, what a busy machine broke among
 * three hundred other files does not. Returns the tests that failed at first, by file, when all of them passed now.
 */
async function runAgain(
  given: readonly string[],
  report: TestReport,
  run: (argv: readonly string[], files: readonly string[]) => Promise<BunTestOutcome>,
): Promise<ReadonlyMap<string, number> | null> {
  const files = [...report.failedByFile.keys()];
  const unheard = chosenFiles(given).filter((file) => !report.files.has(file));
  if (unheard.length > 0) console.log(`\nNo test was heard of in ${unheard.join(", ")}`);
  if (unheard.length > 0 || files.length === 0 || files.length > AGAIN_LIMIT) return null;
  for (const file of files) {
    console.log(`\n${file} failed, and is run once more by itself:`);
    if (!(await run([`./${file}`], [file])).succeeded) return null;
  }
  return report.failedByFile;
}

/** Runs the tests, and those that failed again; prints what came of it. Returns the exit status. */
async function main(given: readonly string[], folder: string, signal: AbortSignal): Promise<number> {
  const mayInstall = process.env["LARDER_TEST_INSTALL"] !== "0";
  if (mayInstall) installMissingPackages(console.log);
  const unbuilt = mayInstall ? await buildMissingPrograms(given) : {};
  const run = (argv: readonly string[], files: readonly string[]) =>
    runBunTest(argv, { checkout: CHECKOUT, files, folder, unbuilt, signal });
  const { succeeded, report, skipped } = await run(testArguments(given), chosenFiles(given));
  if (signal.aborted) return 1;
  const lines = describeSkipped(report, skipped);
  if (lines.length > 0) console.log(`\nSkipped:\n${lines.map((line) => `  ${line}`).join("\n")}`);
  const someRan = report.passed + report.failed > 0;
  if (!someRan) console.log("\nNo test ran.");
  const wavering = succeeded ? null : await runAgain(given, report, run);
  if (wavering !== null) {
    const lines = [...wavering].map(([file, count]) => `  ${file} (${count})`);
    console.log(`\nFailed at first and passed by itself, which wants a look:\n${lines.join("\n")}`);
  }
  // A test file that does not load, or a crash, shows in the exit status alone.
  const failed = wavering !== null ? 0 : !succeeded && report.failed === 0 ? 1 : report.failed;
  const passed = report.passed + (wavering === null ? 0 : report.failed);
  console.log(`\n${passed} passed, ${failed} failed, ${report.skipped} skipped`);
  return failed > 0 || !someRan ? 1 : 0;
}

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => interrupted.abort());
const folder = makeRunFolder();
try {
  process.exitCode = await main(process.argv.slice(2), folder.path, interrupted.signal);
} finally {
  folder.remove();
}
