import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { type FileHandle, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncAll } from "../../lib/files/sync-all.ts";
import { blobPath } from "../../storage/filesystem/blob-folder.ts";
import { StoreInUse, StoreLock } from "../../storage/sqlite/store-lock.ts";
import { writeStoreMark } from "../store-mark.ts";
import { BackupError } from "./backup-description.ts";
import { type BackupExamination, examineBackup } from "./examine-backup.ts";
import type { BackupPart } from "./read-backup.ts";

/** Says that a folder is being restored; gone when it is whole. What is there with it is of no worth, and goes on being written. */
const RESTORING = "restore.begun";

/**
 * Makes a data folder of a backup. Every byte is compared with its digest on the way; a blob with other bytes is left out, and named.
 * The database comes to its place last: until then, a larder that is started on the folder sees that it lacks one. An
 * interrupted restore is begun again in the same folder. Throws BackupError; then there is no store in the folder.
 */
export async function restoreBackup(
  parts: AsyncIterable<BackupPart>,
  folder: string,
  onBytes: (bytes: number) => void,
): Promise<BackupExamination> {
  claim(folder);
  const lock = lockFolder(folder);
  try {
    await writeFile(join(folder, RESTORING), "larder restores a backup here\n", { mode: 0o600 });
    const writer = new PartWriter(folder);
    const found = await examineBackup(parts, {
      onBytes,
      write: (part, bytes) => writer.write(part, bytes),
      end: (part, isRight) => writer.end(part, isRight),
    });
    const wrong = found.problems.filter((problem) => !problem.startsWith("the blob "));
    if (wrong.length > 0) throw new BackupError(`the backup is damaged: ${wrong.join("; ")}`);
    syncAll();
    writeStoreMark(folder, { ...found.description.store, isOpen: false, damage: null });
    renameSync(join(folder, "larder.db.restored"), join(folder, "larder.db"));
    syncAll();
    rmSync(join(folder, RESTORING));
    return found;
  } finally {
    lock.release();
  }
}

function claim(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = readdirSync(folder).filter((name) => name !== "lost+found");
  if (names.length === 0 || (names.includes(RESTORING) && !names.includes("larder.db"))) return;
  throw new BackupError(`${folder} is not empty: a backup is restored into a folder of its own`);
}

function lockFolder(folder: string): StoreLock {
  try {
    return new StoreLock(folder);
  } catch (error) {
    if (!(error instanceof StoreInUse)) throw error;
    throw new BackupError(`another restore into ${folder} is under way, or a larder runs on it`, { cause: error });
  }
}

/** Writes one part after the other, each beside its place until it is known to be right. */
class PartWriter {
  readonly #folder: string;
  #open: { readonly part: BackupPart; readonly file: FileHandle } | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(part: BackupPart, bytes: Uint8Array): Promise<void> {
    await (await this.#fileOf(part)).writeFile(bytes);
  }

  async end(part: BackupPart, isRight: boolean): Promise<void> {
    const file = await this.#fileOf(part);
    this.#open = null;
    await file.close();
    const path = this.#placeOf(part);
    if (!isRight) await rm(`${path}.part`);
    else await rename(`${path}.part`, path);
  }

  async #fileOf(part: BackupPart): Promise<FileHandle> {
    if (this.#open?.part === part) return this.#open.file;
    const path = this.#placeOf(part);
    if (!existsSync(dirname(path))) await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(`${path}.part`, "w", 0o600);
    this.#open = { part, file };
    return file;
  }

  #placeOf(part: BackupPart): string {
    if (part.kind === "blob") return blobPath(this.#folder, part.digest);
    if (part.kind !== "file") throw new Error("nothing is written of this part");
    return join(this.#folder, part.path === "larder.db" ? "larder.db.restored" : part.path);
  }
}
