import { RegistryError } from "../oci/registry-error.ts";

/**
 * The error for a range outside of the content. The answer says how long the content is (RFC 9110, section 15.5.17).
 */
export class RangeNotSatisfiable extends RegistryError {
  readonly sizeBytes: number;

  constructor(sizeBytes: number, what: string) {
    super("RANGE_INVALID", `the range is not within the ${sizeBytes} bytes of the ${what}`);
    this.sizeBytes = sizeBytes;
  }
}
