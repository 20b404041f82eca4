import { RegistryError } from "../oci/registry-error.ts";

/** A path that is there, and a method that it does not know. The answer names those that it knows. */
export class MethodNotAllowed extends RegistryError {
  readonly allowed: readonly string[];

  constructor(method: string, allowed: readonly string[]) {
    super("UNSUPPORTED", `${method} is not a method of this path; it knows ${allowed.join(", ")}`);
    this.allowed = allowed;
  }
}
