import { RegistryError } from "../oci/registry-error.ts";

/** A range that lies outside of what there is. The answer says how much there is (RFC 9110, section 15.5.17). */
export class RangeNotSatisfiable extends RegistryError {
  readonly sizeBytes: number;

  constructor(sizeBytes: number, what: string) {
    super("RANGE_INVALID", `the range is not within the ${sizeBytes} bytes of the ${what}`);
    this.sizeBytes = sizeBytes;
  }
}
