import { RegistryError } from "../oci/registry-error.ts";
import { PINS_LIMIT } from "./pins.ts";

/** The error for a pin too many. */
export function tooManyPins(): RegistryError {
  return new RegistryError(
    "BAD_REQUEST",
    `there are ${PINS_LIMIT} pins already; a pattern such as team/** takes the place of many`,
  );
}
