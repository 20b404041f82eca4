import { RegistryError } from "../oci/registry-error.ts";
import { codeOf, isDiskFull } from "../lib/files/system-error.ts";

/** Turns "no space left" in its many spellings into STORAGE_FULL; every other failure is handed back as it is. */
export function storageError(cause: unknown): unknown {
  // A write that the file system cut short for want of space reaches SQLite as an I/O error of a write.
  const isFull = isDiskFull(cause) || /^SQLITE_(?:FULL$|IOERR_WRITE|IOERR_SHM)/.test(codeOf(cause));
  return isFull ? storageFull(cause) : cause;
}

/** There is no space for what was to be written. */
export function storageFull(cause?: unknown): RegistryError {
  return new RegistryError(
    "STORAGE_FULL",
    "the registry's disk is full; free space there (`larder rm`, then `larder gc`) and push again",
    { cause },
  );
}

/** Was there no space to write something? */
export function isStorageFull(error: unknown): boolean {
  return error instanceof RegistryError && error.code === "STORAGE_FULL";
}

/** Nothing may be written: what larder opened is no longer in its place, or its database is damaged. */
export class WritesRefused extends RegistryError {
  constructor(message: string) {
    super("UNAVAILABLE", message);
  }
}

/** Is this a reason for which nothing can be kept just now, whatever it is? */
export function isUnkeepable(error: unknown): boolean {
  return isStorageFull(error) || error instanceof WritesRefused;
}
