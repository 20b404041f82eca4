import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { isOutOfReach, type UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { type Candidate } from "../names/search-order.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";

/**
 * The error for a manifest that no repository of the search has: it says where was looked, and what to do. When an
 * upstream that might have it could not be asked, that failure is the error.
 */
export function manifestUnknown(
  repository: Repository,
  reference: ManifestReference,
  candidates: readonly Candidate[],
  failure: UpstreamError | null,
  isOffline: boolean,
): RegistryError {
  const name = nameOf(repository);
  const asked = reference.kind === "tag" ? `${name}:${reference.tag}` : `${name}@${reference.digest}`;
  const detail = reference.kind === "tag" ? { name, tag: reference.tag } : { name, digest: reference.digest };
  const absent = `${asked} is not here${alsoTried(name, candidates)}`;
  if (failure === null) {
    return new RegistryError("MANIFEST_UNKNOWN", `${absent}${hint(repository, reference, isOffline)}`, { detail });
  }
  // Registries answer "unauthorized" for what they do not have; and of a name without a registry it is only a guess
  // that the failing upstream would have had it.
  const isUnknown = failure.failure.kind === "unauthorized" || repository.namespace === LOCAL;
  const code = isUnknown ? "MANIFEST_UNKNOWN" : failure.code;
  const message = `${absent}, and could not be fetched: ${failure.message}${advice(failure)}`;
  return new RegistryError(code, message, { detail, cause: failure });
}

/**
 * The error for a blob that no repository of the search has. `wasDamaged`: its file was damaged and has been set
 * aside.
 */
export function blobUnknown(
  repository: Repository,
  digest: Digest,
  failure: UpstreamError | null,
  wasDamaged = false,
): RegistryError {
  const absent = `the blob ${digest} is not in ${nameOf(repository)}, nor where that name is looked for besides`;
  const message = wasDamaged ? `${absent}: its file was found damaged and set aside; push it again` : absent;
  const detail = { digest };
  if (failure === null) return new RegistryError("BLOB_UNKNOWN", message, { detail });
  const isUnknown = failure.failure.kind === "unauthorized" || repository.namespace === LOCAL;
  const code = isUnknown ? "BLOB_UNKNOWN" : failure.code;
  return new RegistryError(code, `${message}, and could not be fetched: ${failure.message}`, {
    detail,
    cause: failure,
  });
}

/** What helps against a registry that is not there, or does not answer; other failures say it themselves. */
function advice(failure: UpstreamError): string {
  const isGone = isOutOfReach(failure) || failure.failure.kind === "timeout";
  return isGone ? "; pull again when it answers, or push the image here" : "";
}

function alsoTried(name: string, candidates: readonly Candidate[]): string {
  const others = new Set(
    candidates.map((candidate) => nameOf(candidate.repository) as string).filter((other) => other !== name),
  );
  return others.size === 0 ? "" : `, nor as ${[...others].join(", ")}`;
}

function hint(repository: Repository, reference: ManifestReference, isOffline: boolean): string {
  if (reference.kind === "digest" || repository.namespace === LOCAL) return "; push it";
  const cache = `\`larder cache ${nameOf(repository)}:${reference.tag}\``;
  if (isOffline) {
    return `; larder is offline: push the image, or let larder fetch it with \`larder offline off\` and ${cache}`;
  }
  return `; bring it with ${cache}, or push your own build under that name`;
}
