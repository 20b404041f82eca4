import type { Turns, Work } from "../../lib/async/turns.ts";
import { algorithmOf, type Digest, digestOf } from "../../oci/digest.ts";
import { manifestSteps } from "../../oci/manifest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Tag } from "../../oci/tag.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import type { LeftBehindStore } from "../../storage/left-behind.ts";
import type { ManifestStore, StoredManifest, TagKind, TagStore } from "../../storage/metadata.ts";
import { assertMayGo, type ImmutableParts } from "../pull/immutable-tags.ts";
import { readManifest } from "../pull/read-manifest.ts";
import { cachedManifest } from "../pull/cached-manifest.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";

/**
 * The outcome of a removal. `removed` is null when there was nothing; `uncovered` says whether a cached tag of the
 * same name answers from now on.
 */
export type Removal = { readonly removed: TagKind | "manifest" | null; readonly uncovered: boolean };

type RemoverStores = {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly leftBehind: LeftBehindStore;
};

/** Removes images, with everything that only they held, and the signatures and the like that are attached to them. */
export class ImageRemover {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #leftBehind: LeftBehindStore;
  readonly #immutable: ImmutableParts;
  readonly #turns: Turns;
  readonly #now: () => number;

  constructor(
    { manifests, tags, leftBehind }: RemoverStores,
    immutable: Omit<ImmutableParts, "tags">,
    turns: Turns,
    now: () => number,
  ) {
    this.#immutable = {
      tags,
      pushed: immutable.pushed,
      get rules() {
        return immutable.rules;
      },
    };
    this.#turns = turns;
    this.#manifests = manifests;
    this.#tags = tags;
    this.#leftBehind = leftBehind;
    this.#now = now;
  }

  /**
   * Removes a tag, the pushed one first, or a manifest with all its tags. The space is given back by a collection. `only`: a
   * tag that leads elsewhere stays. Throws DENIED for what an immutable tag leads to, unless it is `isForced`, and
   * MANIFEST_REFERENCED for a manifest that an index lists.
   */
  async remove(
    repository: Repository,
    reference: ManifestReference,
    cause: EventCause = NO_CAUSE,
    { isForced = false, only = null }: { readonly isForced?: boolean; readonly only?: Digest | null } = {},
  ): Promise<Removal> {
    const name = nameOf(repository);
    if (!isForced) await assertMayGo(repository, reference, this.#immutable);
    if (reference.kind === "digest") {
      await this.#insistOnUnlisted(name, reference.digest);
      const removed = await this.#manifests.deleteManifest(name, reference.digest, true, this.#now(), cause);
      return { removed: removed ? "manifest" : null, uncovered: false };
    }
    const removed = await this.#tags.deleteTag(
      name,
      reference.tag,
      true,
      this.#now(),
      cause,
      only === null ? {} : { digest: only },
    );
    const uncovered = removed !== null && (await this.#tags.getTagged(name, reference.tag)) !== null;
    return { removed, uncovered };
  }

  async #insistOnUnlisted(name: RepositoryName, digest: Digest): Promise<void> {
    const index = await this.#leftBehind.findIndexOf(name, digest);
    if (index === null) return;
    const [own, holder] = [`${name}@${digest}`, `${name}@${index.digest}`];
    const called = index.tag === null ? holder : `${name}:${index.tag} (${index.digest})`;
    throw new RegistryError(
      "MANIFEST_REFERENCED",
      `${own} is a part of the index ${called}, which would be broken without it; remove that one, and its parts go with it`,
    );
  }

  /**
   * Makes a manifest the cached answer to a tag, when there is one. False when it is not here; `index` brings an index
   * whose images need not be here. Throws DIGEST_INVALID, MANIFEST_INVALID, and RULE_FORBIDS for what may not come in.
   */
  async adopt(
    repository: Repository,
    { tag, digest, index }: { readonly tag: Tag | null; readonly digest: Digest; readonly index: Uint8Array | null },
    cause: EventCause = NO_CAUSE,
  ): Promise<boolean> {
    const refusal = this.#immutable.rules.refusal(repository, tag);
    if (refusal !== null) throw new RegistryError("RULE_FORBIDS", refusal);
    const name = nameOf(repository);
    if (tag !== null) await this.#assertMayMove(repository, tag, digest);
    const work = this.#turns.begin();
    const manifest =
      index === null ? await this.#manifests.getManifest(name, digest) : await readIndex(index, digest, work);
    if (manifest === null) return false;
    const parsed = await readManifest(manifest, work);
    await this.#manifests.putManifest(name, {
      ...cachedManifest(manifest, parsed, tag, this.#now()),
      isAdopted: true,
      cause,
    });
    return true;
  }

  /** An immutable tag that is cached stays at its first digest, whoever brings another. */
  async #assertMayMove(repository: Repository, tag: Tag, digest: Digest): Promise<void> {
    const rule = this.#immutable.rules.immutableBy(repository, tag);
    const here = rule === null ? null : await this.#tags.getTagged(nameOf(repository), tag);
    if (here === null || here.tag.kind === "pushed" || here.tag.digest === digest) return;
    const message = `the tag ${nameOf(repository)}:${tag} is immutable (${rule} in larder's settings) and was cached as ${here.tag.digest}; remove it first to take another`;
    throw new RegistryError("RULE_FORBIDS", message);
  }
}

async function readIndex(bytes: Uint8Array, digest: Digest, work: Work): Promise<StoredManifest> {
  const actual = digestOf(bytes, algorithmOf(digest));
  if (actual !== digest) throw new RegistryError("DIGEST_INVALID", `the index's digest is ${actual}, not ${digest}`);
  const { mediaType } = await work.finish(manifestSteps(bytes, null));
  if (isIndexType(mediaType)) return { digest, mediaType, bytes };
  throw new RegistryError("MANIFEST_INVALID", `the manifest ${digest} is no index: push it, with all that it names`);
}
