import type { Digest } from "../../oci/digest.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { TagStore } from "../../storage/metadata.ts";
import type { RegistryClient } from "../../upstream/registry-client.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { Upstreams } from "./upstreams.ts";

/** Tags that are looked at for cached ones, and manifests of these that a registry is asked for. */
const [TAGS, MANIFESTS] = [200, 3];
/** A question to a registry whether somebody may pull is waited for so long. */
const LIMIT_MS = 10_000;

/**
 * Asks an upstream registry, and none of its mirrors, whether credentials may pull from a repository.
 *
 * Only what the registry gives is a proof: the header of a manifest that was pulled from there before, else of a tag that it lists.
 * That it says "not found" is none, for that is what many say to strangers; nor is a list of tags where there is an image, for some
 * tell strangers of what they do not give them.
 */
export class UpstreamProver {
  readonly #upstreams: Upstreams;
  readonly #tags: Pick<TagStore, "listTags" | "getTagged">;

  constructor(upstreams: Upstreams, tags: Pick<TagStore, "listTags" | "getTagged">) {
    this.#upstreams = upstreams;
    this.#tags = tags;
  }

  /** What it gives; `key` null: to everybody. Throws an `UpstreamError` when the registry cannot be asked. */
  async prove(repository: Repository, key: string | null): Promise<"image" | "tags" | "nothing"> {
    const { namespace } = repository;
    const upstream = this.#upstreams.find(namespace);
    // A token that was given some minutes ago says nothing of now.
    const client = upstream?.clientOf?.(key, true) ?? null;
    if (client === null) {
      const why = upstream === null ? "larder is offline, or does not stand in for it" : "the credentials are gone";
      throw new UpstreamError({ kind: "refused" }, `${namespace} was not asked: ${why}`);
    }
    const signal = AbortSignal.timeout(LIMIT_MS);
    const givesManifest = await this.#givesManifest(client, repository, signal);
    if (givesManifest !== null) return givesManifest ? "image" : "nothing";
    const listed = await answerOf(() => client.listTags(repository.path, { limit: 1, signal }), repository);
    if (listed === null || listed === "refused") return "nothing";
    const [tag] = listed.tags;
    const givesTag = tag === undefined ? null : await gives(client, repository, tag, signal);
    if (givesTag === null) return "tags";
    return givesTag ? "image" : "nothing";
  }

  /** Does the registry know whoever has these credentials? Throws an `UpstreamError` when it cannot be asked. */
  async knows(namespace: Namespace, key: string): Promise<boolean> {
    const client = this.#upstreams.find(namespace)?.clientOf?.(key, true) ?? null;
    if (client === null) throw new UpstreamError({ kind: "refused" }, `${namespace} was not asked who that is`);
    try {
      await client.ping({ signal: AbortSignal.timeout(LIMIT_MS) });
      return true;
    } catch (error) {
      if (error instanceof UpstreamError && error.failure.kind === "unauthorized") return false;
      throw error;
    }
  }

  /** Null where nothing is cached, or what is cached is not there any more. */
  async #givesManifest(client: RegistryClient, repository: Repository, signal: AbortSignal): Promise<boolean | null> {
    for (const digest of await this.#cached(nameOf(repository))) {
      const answer = await gives(client, repository, digest, signal);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** Some of the manifests that came from there. What was pushed is no question for the registry, wherever it stands in the list. */
  async #cached(name: RepositoryName): Promise<readonly Digest[]> {
    const found = new Set<Digest>();
    for (const tag of await this.#tags.listTags(name, { after: null, limit: TAGS })) {
      const here = await this.#tags.getTagged(name, tag);
      if (here?.tag.kind === "cached") found.add(here.manifest.digest);
      if (found.size === MANIFESTS) break;
    }
    return [...found];
  }
}

/** Null where the manifest is not there any more. */
async function gives(
  client: RegistryClient,
  repository: Repository,
  reference: Digest | Tag,
  signal: AbortSignal,
): Promise<boolean | null> {
  const head = await answerOf(() => client.headManifest(repository.path, reference, { signal }), repository);
  // Some give by GET what they refuse to HEAD.
  if (head !== "refused") return head === null ? null : true;
  const whole = await answerOf(() => client.getManifest(repository.path, reference, { signal }), repository);
  return whole === null ? null : whole !== "refused";
}

/** What the registry says: no is an answer, in whatever way it says so. Throws an `UpstreamError` when it says nothing. */
async function answerOf<T>(ask: () => Promise<T | null>, { namespace }: Repository): Promise<T | null | "refused"> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof UpstreamError) {
      if (error.failure.kind === "unauthorized" || error.failure.kind === "rejected") return "refused";
      throw error;
    }
    if (!(error instanceof Error) || error.name !== "TimeoutError") throw error;
    const message = `${namespace} did not say within ${LIMIT_MS / 1000} s who may pull`;
    throw new UpstreamError({ kind: "timeout", waiting: "header" }, message);
  }
}
