import { RegistryError } from "../oci/registry-error.ts";

/** The error for a method that a path does not have. The answer names those that it has. */
export class MethodNotAllowed extends RegistryError {
  readonly allowed: readonly string[];

  constructor(method: string, allowed: readonly string[]) {
    super("UNSUPPORTED", `${method} is not a method of this path; it knows ${allowed.join(", ")}`);
    this.allowed = allowed;
  }
}
