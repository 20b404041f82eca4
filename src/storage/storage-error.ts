import { RegistryError } from "../oci/registry-error.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { codeOf, isDiskFull, isReadOnly } from "../lib/files/system-error.ts";

/**
 * Turns an error that means "no space left", in its many spellings, into STORAGE_FULL; every other error is returned
 * as it is.
 */
export function storageError(cause: unknown): unknown {
  // A write that the file system cut short for want of space reaches SQLite as an I/O error of a write.
  const isFull = isDiskFull(cause) || /^SQLITE_(?:FULL$|IOERR_WRITE|IOERR_SHM)/.test(codeOf(cause));
  return isFull ? storageFull(cause) : cause;
}

/** As `storageError`, for a write of a file: what a failing disk, or one that is read-only, refuses becomes UNAVAILABLE. */
export function writeError(cause: unknown): unknown {
  if (codeOf(cause) !== "EIO" && !isReadOnly(cause)) return storageError(cause);
  const what = `the registry cannot write to its data folder: ${describeFailure(cause)}`;
  return new WritesRefused(`${what}. See to that disk, then try again`, { cause });
}

/** The error for a write for which there is no space. */
export function storageFull(cause?: unknown): RegistryError {
  return new RegistryError(
    "STORAGE_FULL",
    "the registry's disk is full; free space there (`larder rm`, then `larder gc`) and push again",
    { cause },
  );
}

/** Did a write fail because there is no space? */
export function isStorageFull(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "STORAGE_FULL";
}

/** The error for a write that is refused: the data folder is no longer in its place, or its database is damaged. */
export class WritesRefused extends RegistryError {
  constructor(message: string, options?: ErrorOptions) {
    super("UNAVAILABLE", message, options);
  }
}

/** Is the error one of those for which nothing can be stored at present? */
export function isUnkeepable(error: unknown): boolean {
  return isStorageFull(error) || error instanceof WritesRefused;
}
