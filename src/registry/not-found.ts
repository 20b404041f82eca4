import type { Digest } from "../oci/digest.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { LOCAL } from "../oci/repository-name.ts";
import { type Candidate, nameOf } from "./candidates.ts";
import type { Target } from "./locate.ts";
import type { ManifestReference } from "./manifests.ts";

/** A manifest is nowhere that `target` is looked for: says where, and what to do. */
export function manifestUnknown(
  target: Target,
  reference: ManifestReference,
  candidates: readonly Candidate[],
): RegistryError {
  const asked =
    reference.kind === "tag" ? `${nameOf(target)}:${reference.tag}` : `${nameOf(target)}@${reference.digest}`;
  return new RegistryError(
    "MANIFEST_UNKNOWN",
    `${asked} is not here${alsoTried(candidates)}${hint(target, reference)}`,
    {
      detail: reference.kind === "tag" ? { name: nameOf(target), tag: reference.tag } : { digest: reference.digest },
    },
  );
}

/** A blob is in none of the repositories that may answer for `target`. */
export function blobUnknown(target: Target, digest: Digest): RegistryError {
  const message = `the blob ${digest} is not in ${nameOf(target)}, nor where that name is looked for besides`;
  return new RegistryError("BLOB_UNKNOWN", message, { detail: { digest } });
}

function alsoTried(candidates: readonly Candidate[]): string {
  const others = candidates.slice(1).map((candidate) => nameOf(candidate.target));
  return others.length === 0 ? "" : `, nor as ${others.join(", ")}`;
}

function hint(target: Target, reference: ManifestReference): string {
  if (reference.kind === "digest" || target.namespace === LOCAL) return "; push it";
  return `; bring it with \`larder cache ${nameOf(target)}:${reference.tag}\`, or push your own build under that name`;
}
