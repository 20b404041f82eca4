import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { ReferrerPlace } from "../../oci/referrers.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { Manifests } from "../pull/manifests.ts";
import type { PullContext } from "../pull/origin.ts";
import type { Referrers } from "./referrers.ts";

/**
 * What is attached to the images of a repository, upstream's included, which is cached on the way. No image fails for want
 * of a signature: what cannot be had is absent, and a warning where that does not go without saying.
 */
export class AttachedImages implements ReferrerPlace {
  readonly #manifests: Manifests;
  readonly #referrers: Referrers;
  readonly #repository: Repository;
  readonly #context: PullContext;
  readonly #warnings = new Set<string>();
  #isGivenUp = false;

  constructor(
    { manifests, referrers }: { readonly manifests: Manifests; readonly referrers: Referrers },
    repository: Repository,
    context: PullContext,
  ) {
    this.#manifests = manifests;
    this.#referrers = referrers;
    this.#repository = repository;
    // Most images have no such tag: nobody waits long for the answer, and HEAD asks first.
    this.#context = { ...context, isGuess: true, isSeldomThere: true };
  }

  /** Sentences about what could not be had. */
  get warnings(): readonly string[] {
    return [...this.#warnings];
  }

  async listed(subject: Digest): Promise<readonly Digest[]> {
    const found: Digest[] = [];
    const context = this.#isGivenUp ? { ...this.#context, isHereOnly: true } : this.#context;
    for await (const { digest } of this.#referrers.list(this.#repository, subject, context)) found.push(digest);
    return found;
  }

  async tagged(tag: Tag): Promise<{ readonly digest: Digest; readonly lists: readonly Digest[] } | null> {
    const found = await this.attempt(`the tag ${tag}`, async () => {
      const context = this.#isGivenUp ? { ...this.#context, isHereOnly: true } : this.#context;
      return (await this.#manifests.get(this.#repository, { kind: "tag", tag }, context)).manifest;
    });
    if (found === null) return null;
    if (!isIndexType(found.mediaType)) return { digest: found.digest, lists: [] };
    const read = await this.attempt(`the tag ${tag}`, () => this.#manifests.read(found));
    return { digest: found.digest, lists: (read?.manifests ?? []).map(({ digest }) => digest) };
  }

  /** The outcome of work for something that is attached; null, with a warning, where that could not be had. */
  async attempt<T>(what: string, work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      this.#note(what, error);
      return null;
    }
  }

  #note(what: string, error: RegistryError): void {
    const failure = error instanceof UpstreamError ? error : error.cause;
    if (!(failure instanceof UpstreamError)) {
      const isAbsent = error.code === "MANIFEST_UNKNOWN" || error.code === "BLOB_UNKNOWN";
      if (!isAbsent) this.#warnings.add(`${what}: ${error.message}`);
      return;
    }
    switch (failure.failure.kind) {
      case "unauthorized":
        // Registries answer so for what they do not have.
        return;
      case "rate-limited":
        // It is not to be asked more than it must.
        this.#isGivenUp = true;
        return;
      case "rejected":
      case "protocol":
      case "refused":
      case "server-error":
      case "loop":
      case "credentials":
        this.#warnings.add(`signatures and the like may be missing: ${failure.message}`);
        return;
      case "unreachable":
      case "timeout":
      case "interrupted":
      case "busy":
        this.#isGivenUp = true;
        this.#warnings.add(`signatures and the like may be missing: ${failure.message}`);
        return;
      default:
        failure.failure satisfies never;
    }
  }
}
