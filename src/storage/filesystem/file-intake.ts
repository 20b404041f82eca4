import { constants, existsSync, type Stats } from "node:fs";
import { copyFile, type FileHandle, link, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { openPlainFile } from "../../lib/files/open-plain-file.ts";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import { readAhead } from "../../lib/files/read-ahead.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { codeOf } from "../../lib/files/system-error.ts";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import type { FileIntake, IntakeWay, Spooled, UploadId } from "../blobs.ts";
import { storageFull, WritesRefused, writeError } from "../storage-error.ts";
import type { WriteGuard } from "../write-guard.ts";
import { uploadPath } from "./blob-folder.ts";
import type { DiskReserve } from "./disk-reserve.ts";

type OnBytes = (bytes: number) => void;

/**
 * Takes files into a data folder's uploads: cloned where the file system can share their space, else as hard links where
 * nobody but larder's own user could write to them, else as copies.
 *
 * A hard link is the very file that the other program has: it may be removed there at any time, and must not be written to. What is
 * read to compare the digest is what has come, not what it came from.
 */
export class FilesystemIntake implements FileIntake {
  readonly #folder: string;
  readonly #reserve: DiskReserve;
  readonly #guard: WriteGuard | null;
  /** From which devices files cannot be cloned. */
  readonly #uncloned = new Set<number>();

  constructor(dataFolder: string, reserve: DiskReserve, guard: WriteGuard | null = null) {
    this.#folder = dataFolder;
    this.#reserve = reserve;
    this.#guard = guard;
  }

  async take(
    id: UploadId,
    path: string,
    digest: Digest,
    onBytes: OnBytes,
  ): Promise<{ readonly spooled: Spooled; readonly way: IntakeWay } | null> {
    this.#guard?.admit();
    await this.#reserve.admit();
    const to = uploadPath(this.#folder, id);
    if (!existsSync(dirname(to))) await mkdir(dirname(to), { recursive: true }).catch(throwOfWrite);
    const source = await openPlainFile(path);
    try {
      const found = await source.stat();
      passFaultPoint("intake.begin");
      const way = await this.#share(path, to, found);
      const read =
        way === null ? await this.#copy(source, found.size, to, digest, onBytes) : await readBack(to, digest, onBytes);
      if (read.digest !== digest) {
        await rm(to, { force: true });
        return null;
      }
      const drop = () => rm(to, { force: true });
      return { spooled: { size: read.size, path: to, read: () => Bun.file(to), drop }, way: way ?? "copied" };
    } catch (error) {
      await rm(to, { force: true }).catch(() => {});
      throw error;
    } finally {
      await source.close();
    }
  }

  /** Null: it has to be copied. */
  async #share(path: string, to: string, found: Stats): Promise<IntakeWay | null> {
    if (!this.#uncloned.has(found.dev) && (await this.#clone(path, to, found.dev))) return "cloned";
    // Whoever may write to it would write to larder's blob.
    const isOwn = found.uid === process.geteuid?.() && (found.mode & 0o022) === 0 && (found.mode & 0o400) !== 0;
    if (!isOwn) return null;
    try {
      await link(path, to);
      return "linked";
    } catch {
      // Another file system, or one without links, or as many as there may be.
      return null;
    }
  }

  async #clone(path: string, to: string, device: number): Promise<boolean> {
    try {
      await copyFile(path, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL);
      return true;
    } catch (error) {
      // Where the file system cannot, it cannot for the next one either.
      if (["ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOTTY", "ENOSYS"].includes(codeOf(error)))
        this.#uncloned.add(device);
      await rm(to, { force: true });
      return false;
    }
  }

  async #copy(source: FileHandle, sizeBytes: number, to: string, digest: Digest, onBytes: OnBytes): Promise<Read> {
    if (sizeBytes > this.#reserve.freeBytes()) throw storageFull();
    const file = await open(to, "wx").catch(throwOfWrite);
    const digester = new Digester(algorithmOf(digest));
    let size = 0;
    try {
      for await (const piece of readAhead(source)) {
        const writing = writeAll(file, piece, size);
        digester.update(piece);
        await writing.catch(throwOfWrite);
        size += piece.byteLength;
        onBytes(piece.byteLength);
      }
      passFaultPoint("intake.sync");
      await file.datasync().catch(throwOfWrite);
    } finally {
      await file.close();
    }
    return { digest: digester.digest(), size };
  }
}

type Read = { readonly digest: Digest; readonly size: number };

/** Reads what has come, and makes it durable: whoever wrote it need not have. */
async function readBack(path: string, digest: Digest, onBytes: OnBytes): Promise<Read> {
  const file = await open(path, "r");
  const digester = new Digester(algorithmOf(digest));
  let size = 0;
  try {
    for await (const piece of readAhead(file)) {
      digester.update(piece);
      size += piece.byteLength;
      onBytes(piece.byteLength);
    }
    passFaultPoint("intake.sync");
    await file.datasync().catch(throwOfWrite);
  } finally {
    await file.close();
  }
  return { digest: digester.digest(), size };
}

async function writeAll(file: FileHandle, piece: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < piece.byteLength; ) {
    done += (await file.write(piece, done, piece.byteLength - done, position + done)).bytesWritten;
  }
}

/** What cannot be written is larder's disk, and not the file that is read. */
function throwOfWrite(error: unknown): never {
  const known = writeError(error);
  if (known instanceof RegistryError) throw known;
  throw new WritesRefused(`the registry cannot write to its data folder: ${describeFailure(error)}`, { cause: error });
}
