import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";

const SHAPE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** The name of a recording, as it is. Throws NAME_INVALID. */
export function parseRecordingName(text: string): string {
  if (SHAPE.test(text)) return text;
  throw new RegistryError(
    "NAME_INVALID",
    `${quoteBriefly(text)} cannot be a recording's name: letters, digits, '.', '_' and '-', 64 at most, the first a letter or digit`,
  );
}
