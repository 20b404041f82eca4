import { RegistryError } from "../oci/registry-error.ts";
import { RECORDINGS_LIMIT } from "./recordings.ts";

/** The error for a recording too many. */
export function tooManyRecordings(): RegistryError {
  return new RegistryError(
    "BAD_REQUEST",
    `there are ${RECORDINGS_LIMIT} recordings already; remove one that nobody needs any more with larder record rm`,
  );
}
