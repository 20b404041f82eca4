import { RegistryError } from "../../oci/registry-error.ts";
import { codeOf, isDiskFull } from "../../lib/files/system-error.ts";

/** The error to throw when writing to `location` failed: a full disk said in plain words, anything else as it is. */
export function writeFailure(error: unknown, location: string): unknown {
  if (!isDiskFull(error)) return error;
  const message = `${location}: there is no space left on the disk (${codeOf(error)})`;
  return new RegistryError("STORAGE_FULL", message, { cause: error });
}
