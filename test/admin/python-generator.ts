/**
 * Brings the generator of Python clients that today's programs are made with: from PyPI, into an environment of its own.
 *
 *     FOLDER/openapi-python-client@0.29.1/bin/openapi-python-client     FOLDER: LARDER_TEST_PROGRAMS, or ~/.cache/larder-tests
 *
 * It takes half a minute, once for each machine.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../debian-packages.ts";
import { outputOf } from "../end-to-end/run-command.ts";

const VERSION = "0.29.1";
const FOLDER = join(
  process.env["LARDER_TEST_PROGRAMS"] ?? join(homedir(), ".cache", "larder-tests"),
  `openapi-python-client@${VERSION}`,
);
/** Written when all is there. */
const WHOLE = join(FOLDER, "whole");

/** The folder of its programs, `python` among them; or why there is none. */
export async function findPythonGenerator(): Promise<{ readonly programs: string } | { readonly reason: string }> {
  const programs = join(FOLDER, "bin");
  if (existsSync(WHOLE)) return { programs };
  if (findProgram("python3") === null) return { reason: "python3 is not installed" };
  if (process.env["LARDER_TEST_INSTALL"] === "0") return { reason: "openapi-python-client is not installed" };
  try {
    await rm(FOLDER, { recursive: true, force: true });
    await mkdir(FOLDER, { recursive: true });
    const pip = join(programs, "pip");
    await outputOf(["python3", "-m", "venv", FOLDER]);
    await outputOf([pip, "install", "--quiet", `openapi-python-client==${VERSION}`], { timeoutMs: 300_000 });
    await Bun.write(WHOLE, "");
    return { programs };
  } catch (error) {
    return { reason: `openapi-python-client could not be installed: ${(error as Error).message.slice(0, 200)}` };
  }
}
