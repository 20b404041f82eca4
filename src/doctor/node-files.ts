import { readdir, readFile, readlink, stat } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, isAbsent } from "../lib/files/system-error.ts";

/** The files of the system below a folder: `/`, or one that stands for it. */
export class NodeFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** The text of a file; null when there is none, or a folder in its place. Throws when it cannot be read. */
  async read(path: string): Promise<string | null> {
    try {
      return await readFile(join(this.#root, path), "utf8");
    } catch (error) {
      if (isAbsence(error)) return null;
      throw error;
    }
  }

  /** The names in a folder, sorted; none when there is no such folder. Throws when it cannot be read. */
  async list(path: string): Promise<readonly string[]> {
    try {
      return (await readdir(join(this.#root, path))).sort();
    } catch (error) {
      if (isAbsence(error)) return [];
      throw error;
    }
  }

  /** When the content of a file, or of what a link leads to, was changed; null when there is none. */
  async modifiedAtMs(path: string): Promise<number | null> {
    return stat(join(this.#root, path)).then(
      ({ mtimeMs }) => mtimeMs,
      () => null,
    );
  }

  /** Where a symbolic link leads; null when there is none that may be read. */
  async link(path: string): Promise<string | null> {
    return readlink(join(this.#root, path)).catch(() => null);
  }
}

function isAbsence(error: unknown): boolean {
  return isAbsent(error) || codeOf(error) === "EISDIR";
}
