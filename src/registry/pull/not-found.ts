/**
 * What is told when no repository of a search has what was asked for: why, as far as it is known, and what helps.
 *
 * | upstream …                    | is told                                                     |
 * |-------------------------------|-------------------------------------------------------------|
 * | has no such thing             | just that                                                   |
 * | is not stood in for           | `--stand-in HOST` would change that                         |
 * | may not be asked: offline     | `larder offline off` would change that                      |
 * | could not be asked            | why: its failure is the error                               |
 * | says "unauthorized"           | as if it had no such thing, which is how registries say it  |
 */
import { addClause } from "../../lib/text/add-clause.ts";
import type { Digest } from "../../oci/digest.ts";
import { type ErrorCode, RegistryError } from "../../oci/registry-error.ts";
import { LOCAL, type Namespace } from "../../oci/repository-name.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { isOutOfReach, type UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { type Candidate } from "../names/search-order.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";

/** Which registries larder may ask at all. */
export type UpstreamOutlook = {
  readonly offline: boolean;
  /** Would the namespace be fetched from if larder were online? */
  knows(namespace: Namespace): boolean;
};

/** A search that found nothing. */
export type FailedSearch = {
  readonly repository: Repository;
  readonly candidates: readonly Candidate[];
  /** Why an upstream that might have it could not be asked; null when none failed. */
  readonly failure: UpstreamError | null;
  readonly outlook: UpstreamOutlook;
  /** Was upstream left alone, since its answer would not have counted? */
  readonly isHereOnly?: boolean;
};

/** The error for a manifest that no repository of the search has. */
export function manifestUnknown(reference: ManifestReference, search: FailedSearch): RegistryError {
  const name = nameOf(search.repository);
  const isTag = reference.kind === "tag";
  const asked = isTag ? `${name}:${reference.tag}` : `${name}@${reference.digest}`;
  const detail = isTag ? { name, tag: reference.tag } : { name, digest: reference.digest };
  const what = { code: "MANIFEST_UNKNOWN", noun: isTag ? "tag" : "manifest", detail } as const;
  return notFound(`${asked} is not here${alsoTried(name, search.candidates)}`, what, search);
}

/**
 * The error for a blob that no repository of the search has. `wasDamaged`: its file was damaged and has been set
 * aside.
 */
export function blobUnknown(digest: Digest, search: FailedSearch, wasDamaged = false): RegistryError {
  const name = nameOf(search.repository);
  const absent = `the blob ${digest} is not in ${name}${alsoTried(name, search.candidates)}`;
  const damaged = wasDamaged ? ": its file was found damaged and set aside (push it again)" : "";
  return notFound(`${absent}${damaged}`, { code: "BLOB_UNKNOWN", noun: "blob", detail: { digest } }, search);
}

/** The error for a blob whose file is here and cannot be read, and that nobody else has, or `failure` kept from being fetched. */
export function blobUnreadable(digest: Digest, reason: string, failure: UpstreamError | null): RegistryError {
  const elsewhere = failure === null ? "" : `; it could not be fetched again either: ${failure.message}`;
  const what = `the blob ${digest} is here, and its file cannot be read: ${reason}${elsewhere}`;
  const advice = "see to larder's disk, or push the image again";
  return new RegistryError("UNAVAILABLE", addClause(what, advice), { detail: { digest }, cause: failure });
}

/** The error for a repository that is in no place of the search, whose tags were asked for. */
export function repositoryUnknown(search: FailedSearch): RegistryError {
  const { repository, candidates } = search;
  const name = nameOf(repository);
  const what = { code: "NAME_UNKNOWN", noun: "repository", detail: { name: repository.path } } as const;
  return notFound(`the repository ${name} is not here${alsoTried(name, candidates)}`, what, search);
}

type Thing = {
  readonly code: ErrorCode;
  readonly noun: "tag" | "manifest" | "blob" | "repository";
  readonly detail: unknown;
};

function notFound(absent: string, { code, noun, detail }: Thing, search: FailedSearch): RegistryError {
  const { failure, repository, isHereOnly } = search;
  if (failure === null) {
    const why = isHereOnly === true ? "" : whyNot(noun, search);
    return new RegistryError(code, `${absent}${why}`, { detail });
  }
  // Registries answer "unauthorized" for what they do not have; and of a name without a registry it is only a guess
  // that the failing upstream would have had it.
  const isUnknown = failure.failure.kind === "unauthorized" || repository.namespace === LOCAL;
  const message = `${absent}, and could not be fetched: ${withAdvice(failure, repository)}`;
  return new RegistryError(isUnknown ? code : failure.code, message, { detail, cause: failure });
}

/** Why nobody else has it, when no upstream failed; and what helps. */
function whyNot(noun: Thing["noun"], { repository, candidates, outlook }: FailedSearch): string {
  const { namespace } = repository;
  const upstreams = candidates.filter(({ accept }) => accept === "upstream").map((step) => step.repository.namespace);
  const known = [...new Set(upstreams.filter((upstream) => outlook.knows(upstream)))];
  const push = noun === "blob" || noun === "manifest" ? "push it" : "push an image under that name";
  if (namespace !== LOCAL && known.length === 0) return unknownRegistry(namespace, push, outlook);
  if (known.length === 0) return `; ${push}`;
  const names = known.join(" and ");
  if (outlook.offline) {
    return `; larder is offline, so ${names} was not asked: ${push}, or switch larder with \`larder offline off\``;
  }
  const check = noun === "tag" || noun === "repository" ? "look whether the name is right, or " : "";
  return `, and ${names} has no such ${noun}: ${check}${push}`;
}

function unknownRegistry(namespace: Namespace, push: string, { offline }: UpstreamOutlook): string {
  const stranger = `does not stand in for ${namespace}`;
  return offline
    ? `; larder is offline, and ${stranger}: ${push}`
    : `; larder ${stranger}, and asks it for nothing: ${push}, or start larder with \`--stand-in ${namespace}\``;
}

/** A failure, and what helps against a registry that cannot be asked; other failures say it themselves. */
function withAdvice(failure: UpstreamError, { namespace }: Repository): string {
  const isGone = isOutOfReach(failure) || failure.failure.kind === "timeout";
  if (isGone) return addClause(failure.message, "pull again when it answers, or push the image here");
  if (failure.failure.kind !== "unauthorized" || namespace === LOCAL) return failure.message;
  return addClause(failure.message, `if it is there, larder needs credentials for ${namespace} that may read it`);
}

function alsoTried(name: string, candidates: readonly Candidate[]): string {
  const others = new Set(
    candidates.map((candidate) => nameOf(candidate.repository) as string).filter((other) => other !== name),
  );
  return others.size === 0 ? "" : `, nor as ${[...others].join(", ")}`;
}
