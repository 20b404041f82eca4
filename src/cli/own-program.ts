import { dirname, join } from "node:path";
import type { ProgramPlaces } from "../clients/programs/program-shelf.ts";

/** Said when a program is built: what builds call it, such as `larder-linux-x64`. */
declare const LARDER_BUILD_FILE: string | undefined;

/** Is this the one file that larder is compiled to? */
export function isCompiled(): boolean {
  return Bun.main.startsWith("/$bunfs/");
}

/** How this very program is started again: the one file that it was compiled to, or Bun with its flags and `main.ts`. */
export function ownProgram(): readonly string[] {
  return isCompiled() ? [process.execPath] : [process.execPath, ...process.execArgv, Bun.main];
}

/** Where larder finds itself for nodes, of other kinds than its own machine, too. */
export function programPlaces(): ProgramPlaces {
  if (!isCompiled()) return { own: null, folders: [join(import.meta.dir, "../../dist")] };
  const path = process.execPath;
  const own = typeof LARDER_BUILD_FILE === "undefined" ? null : { file: LARDER_BUILD_FILE, path };
  return { own, folders: [dirname(path), PROGRAMS_FOLDER] };
}

/** Where packages and people put programs for other kinds of machines. */
const PROGRAMS_FOLDER = "/usr/share/larder/client";
