import type { Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { codeOf, isAbsent } from "../../lib/files/system-error.ts";

/** A file of the ACI folder. */
export type AciFile = { readonly path: string; readonly sizeBytes: number; readonly tag: string };

/** Files that are listed. */
const LISTED = 1000;

/** The files of a folder, served as they are: ACIs and whatever people put beside them. */
export class AciFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The file; null when there is none, when it is no regular file, or when links lead out of the folder. */
  async find(segments: readonly string[]): Promise<AciFile | null> {
    try {
      const root = await realpath(this.#folder);
      const path = await realpath(join(root, ...segments));
      if (!path.startsWith(`${root}${sep}`)) return null;
      const found = await stat(path);
      return found.isFile() ? { path, sizeBytes: found.size, tag: tagOf(found) } : null;
    } catch (error) {
      if (isAbsence(error)) return null;
      throw error;
    }
  }

  /** Names of files directly in the folder, in order, a thousand at most. */
  async list(): Promise<readonly string[]> {
    try {
      const entries = await readdir(this.#folder, { withFileTypes: true });
      const names = entries.filter((entry) => entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
      return names.toSorted().slice(0, LISTED);
    } catch (error) {
      if (isAbsence(error)) return [];
      throw error;
    }
  }
}

/** Another content has another time or size, as far as the file system tells. */
function tagOf({ mtimeMs, size, ino }: Stats): string {
  return [ino, size, Math.round(mtimeMs * 1000)].map((part) => part.toString(36)).join("-");
}

/** A name may be too long, run through a file, go in circles, or be nobody's to read. */
function isAbsence(error: unknown): boolean {
  return isAbsent(error) || ["ENAMETOOLONG", "ELOOP", "EACCES"].includes(codeOf(error));
}
