import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SingleFlight } from "../../lib/async/single-flight.ts";
import { codeOf, isAbsent } from "../../lib/files/system-error.ts";
import { PROGRAM_FILES, parseProgramName, type ProgramName } from "./program-name.ts";

/** Where programs lie: this very one, when it is one file, and folders that hold others'. */
export type ProgramPlaces = {
  /** `file` is what builds call it; null: it runs from its source. */
  readonly own: { readonly file: string; readonly path: string } | null;
  readonly folders: readonly string[];
};

/** A program on disk. `sha256` is in hexadecimal. */
export type Program = { readonly path: string; readonly sizeBytes: number; readonly sha256: string };

type Found = Omit<Program, "sha256"> & {
  /** Changes when the file is another one, or was written to. */
  readonly state: string;
};

/** Finds programs, and knows the hash of what it has found: a file is read when somebody first wants it, and when it changed. */
export class ProgramShelf {
  readonly #places: ProgramPlaces;
  readonly #known = new Map<string, { readonly state: string; readonly sha256: string }>();
  readonly #reading = new SingleFlight<string, string>();

  constructor(places: ProgramPlaces) {
    this.#places = places;
  }

  /** The program for a kind of machine; null when there is none here. */
  async find(name: ProgramName): Promise<Program | null> {
    const found = await this.#look(name);
    if (found === null) return null;
    const { path, sizeBytes } = found;
    return { path, sizeBytes, sha256: await this.#hash(found) };
  }

  /** What builds call the programs that are here. */
  async list(): Promise<readonly string[]> {
    const names = PROGRAM_FILES.map(parseProgramName).filter((name) => name !== null);
    const found = await Promise.all(names.map(async (name) => ((await this.#look(name)) === null ? [] : [name.file])));
    return found.flat();
  }

  async #look({ file, spellings }: ProgramName): Promise<Found | null> {
    const { own, folders } = this.#places;
    const paths = [
      ...(own?.file === file ? [own.path] : []),
      ...folders.flatMap((folder) => spellings.map((spelling) => join(folder, spelling))),
    ];
    for (const path of paths) {
      const found = await stateOf(path);
      if (found !== null) return found;
    }
    return null;
  }

  async #hash({ path, state }: Found): Promise<string> {
    const known = this.#known.get(path);
    if (known?.state === state) return known.sha256;
    const sha256 = await this.#reading.run(`${path} ${state}`, () => hashOf(path));
    this.#known.set(path, { state, sha256 });
    return sha256;
  }
}

async function stateOf(path: string): Promise<Found | null> {
  try {
    const found = await stat(path);
    const { dev, ino, size, mtimeMs } = found;
    return found.isFile() ? { path, sizeBytes: size, state: `${dev} ${ino} ${size} ${mtimeMs}` } : null;
  } catch (error) {
    // What this user may not see is not here, either.
    if (isAbsent(error) || codeOf(error) === "EACCES") return null;
    throw error;
  }
}

async function hashOf(path: string): Promise<string> {
  const hasher = new Bun.CryptoHasher("sha256");
  for await (const chunk of Bun.file(path).stream()) hasher.update(chunk);
  return hasher.digest("hex");
}
