import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/** The error for a `label` that no image of `location` answers to. `names` are theirs, null for images without one. */
export function unknownLabel(label: string, location: string, names: readonly (string | null)[]): RegistryError {
  const known = names.filter((name) => name !== null).slice(0, 20);
  const has = known.length === 0 ? "its images have no names; write @0 for the first" : `it has ${known.join(", ")}`;
  return new RegistryError("MANIFEST_UNKNOWN", `${location} has no image ${quoteBriefly(label)}: ${has}`);
}
