/**
 * Brings a program of PyPI's into an environment of its own.
 *
 *     FOLDER/openapi-python-client@0.29.1/bin/openapi-python-client     FOLDER: LARDER_TEST_PROGRAMS, or ~/.cache/larder-tests
 *
 * It takes up to half a minute, once for each machine.
 */
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "./debian-packages.ts";
import { outputOf } from "./end-to-end/run-command.ts";
import { PROGRAMS_FOLDER } from "./programs-folder.ts";

/** The folder of the package's programs, `python` among them; or why there is none. */
export async function findPythonEnvironment(
  name: string,
  version: string,
): Promise<{ readonly programs: string } | { readonly reason: string }> {
  const folder = join(PROGRAMS_FOLDER, `${name}@${version}`);
  const programs = join(folder, "bin");
  // Written when all is there.
  const whole = join(folder, "whole");
  if (existsSync(whole)) return { programs };
  if (findProgram("python3") === null) return { reason: "python3 is not installed" };
  if (process.env["LARDER_TEST_INSTALL"] === "0") return { reason: `${name} is not installed` };
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await outputOf(["python3", "-m", "venv", folder]);
    const install = [join(programs, "pip"), "install", "--quiet", `${name}==${version}`];
    await outputOf(install, { timeoutMs: 300_000 });
    await Bun.write(whole, "");
    return { programs };
  } catch (error) {
    return { reason: `${name} could not be installed: ${(error as Error).message.slice(0, 200)}` };
  }
}
