import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type Namespace, tryParseNamespace } from "../../oci/repository-name.ts";

/** The namespace that a list is to be of; null for undefined: of all. Throws BAD_REQUEST for what can be none. */
export function parseNamespaceFilter(named: string | undefined): Namespace | null {
  if (named === undefined) return null;
  const namespace = tryParseNamespace(named);
  if (namespace !== null) return namespace;
  throw new RegistryError("BAD_REQUEST", `namespace=${quoteBriefly(named)} is not a registry's host`);
}
