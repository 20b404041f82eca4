import { RegistryError } from "../../oci/registry-error.ts";

/** The error to throw when writing to `location` failed: a full disk said in plain words, anything else as it is. */
export function writeFailure(error: unknown, location: string): unknown {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG") {
    return new RegistryError("STORAGE_FULL", `${location}: there is no space left on the disk (${code})`, {
      cause: error,
    });
  }
  return error;
}
