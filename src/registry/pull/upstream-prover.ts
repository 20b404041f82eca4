import { nameOf, type Repository } from "../../oci/repository.ts";
import type { TagStore } from "../../storage/metadata.ts";
import type { RegistryClient } from "../../upstream/registry-client.ts";
import { isUpstreamDown, UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { Upstreams } from "./upstreams.ts";

/** A question to a registry whether somebody may pull is waited for so long. */
const LIMIT_MS = 10_000;

/**
 * Asks an upstream registry, and none of its mirrors, whether credentials may pull from a repository.
 *
 * Only what the registry gives is a proof: the header of a manifest that was pulled from there before, else its list of tags. That
 * it says "not found" is none, for that is what many say to strangers.
 */
export class UpstreamProver {
  readonly #upstreams: Upstreams;
  readonly #tags: Pick<TagStore, "listTags" | "getTagged">;

  constructor(upstreams: Upstreams, tags: Pick<TagStore, "listTags" | "getTagged">) {
    this.#upstreams = upstreams;
    this.#tags = tags;
  }

  /** `key` null: may everybody? Throws an `UpstreamError` when the registry cannot be asked. */
  async mayPull(repository: Repository, key: string | null): Promise<boolean> {
    const { namespace } = repository;
    const upstream = this.#upstreams.find(namespace);
    // A token that was given some minutes ago says nothing of now.
    const client = upstream?.clientOf?.(key, true) ?? null;
    if (client === null) {
      const why = upstream === null ? "larder is offline, or does not stand in for it" : "the credentials are gone";
      throw new UpstreamError({ kind: "refused" }, `${namespace} was not asked: ${why}`);
    }
    const signal = AbortSignal.timeout(LIMIT_MS);
    return (await this.#givesHeader(client, repository, signal)) || givesTags(client, repository, signal);
  }

  /** False where nothing is cached, too, or where the registry gives no header to anybody. */
  async #givesHeader(client: RegistryClient, repository: Repository, signal: AbortSignal): Promise<boolean> {
    const name = nameOf(repository);
    const [tag] = await this.#tags.listTags(name, { after: null, limit: 1 });
    const here = tag === undefined ? null : await this.#tags.getTagged(name, tag);
    if (here === null || here.tag.kind === "pushed") return false;
    try {
      return (await client.headManifest(repository.path, here.manifest.digest, { signal })) !== null;
    } catch (error) {
      if (isUpstreamDown(error) || !(error instanceof UpstreamError)) throw asTimeout(error, repository);
      return false;
    }
  }
}

async function givesTags(client: RegistryClient, repository: Repository, signal: AbortSignal): Promise<boolean> {
  try {
    return (await client.listTags(repository.path, { limit: 1, signal })) !== null;
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw asTimeout(error, repository);
    if (error.failure.kind === "unauthorized") return false;
    // 400 and the like: it has understood, and gives nothing.
    if (error.failure.kind === "rejected") return false;
    throw error;
  }
}

function asTimeout(error: unknown, { namespace }: Repository): unknown {
  if (!(error instanceof Error) || error.name !== "TimeoutError") return error;
  const message = `${namespace} did not say within ${LIMIT_MS / 1000} s who may pull`;
  return new UpstreamError({ kind: "timeout", waiting: "header" }, message);
}
