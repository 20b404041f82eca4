import { chmod, mkdir, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";

/** The data folder cannot be used. The message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/**
 * Keeps a second larder off a data folder: `DIR/larder.pid` holds the id of the process that has it. A file whose
 * process is gone (a crash, a power cut) is taken over.
 */
export class DataFolderLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /** Makes the folder when it is not there, for its owner alone, and takes it. Throws DataFolderError. */
  static async take(folder: string): Promise<DataFolderLock> {
    const path = join(folder, "larder.pid");
    try {
      if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o700);
      for (let attempt = 0; ; attempt++) {
        if (await createFile(path)) return new DataFolderLock(path);
        const owner = Number(await readFile(path, "utf8").catch(() => ""));
        if (attempt > 0 || isLarder(owner)) {
          throw new DataFolderError(
            `${folder} is in use by another larder (process ${owner}); stop it, or choose another folder with --data`,
          );
        }
        await rm(path, { force: true });
      }
    } catch (error) {
      throw error instanceof DataFolderError ? error : explain(folder, error);
    }
  }

  /** Gives the folder back. */
  async release(): Promise<void> {
    await rm(this.#path, { force: true });
  }
}

async function createFile(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Does a process of this id run, other than this one? In a container the id of before a restart is often ours again. */
function isLarder(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function explain(folder: string, error: unknown): DataFolderError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const why =
    code === "EACCES" || code === "EPERM"
      ? "this user may not write there"
      : code === "EROFS"
        ? "the file system is read-only"
        : code === "ENOTDIR" || code === "EEXIST"
          ? "it is a file, not a folder"
          : error instanceof Error
            ? error.message
            : String(error);
  return new DataFolderError(`cannot keep data in ${folder}: ${why}; choose another folder with --data`, {
    cause: error,
  });
}
