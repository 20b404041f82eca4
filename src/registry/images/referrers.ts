import type { Turns, Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Repository } from "../../oci/repository.ts";
import type { ManifestStore, StoredManifest, TagStore } from "../../storage/metadata.ts";
import { candidateNames, searchFor, type SearchOrder, upstreamRepositories } from "../names/search-order.ts";
import { readManifest } from "../pull/read-manifest.ts";
import { contextFor, type ManifestOrigin, type PullContext } from "../pull/origin.ts";

/**
 * A question for referrers: those of `artifactType` (null: of any), whose digests come after `after` (null: from the
 * first one).
 */
export type ReferrersQuestion = { readonly artifactType: string | null; readonly after: Digest | null };

/** A page of referrers in the order of their digests. `next` is the last digest when there are more, else null. */
export type ReferrersPage = { readonly descriptors: readonly Descriptor[]; readonly next: Digest | null };

/** Referrers of a page, before those of another type are left out, and bytes of their descriptors. */
const PAGE = 1000;
const PAGE_BYTES = 4 << 20;
/** Manifests that are read from the store at once. */
const BATCH = 8;

/** Finds the referrers of a manifest: signatures, SBOMs, attestations. */
export class Referrers {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #origin: ManifestOrigin;
  readonly #order: SearchOrder;
  readonly #turns: Turns;
  readonly #page: number;

  constructor(
    store: { readonly manifests: ManifestStore; readonly tags: TagStore },
    origin: ManifestOrigin,
    order: SearchOrder,
    turns: Turns,
    page = PAGE,
  ) {
    this.#manifests = store.manifests;
    this.#tags = store.tags;
    this.#origin = origin;
    this.#order = order;
    this.#turns = turns;
    this.#page = page;
  }

  /** All referrers, page by page. */
  async *list(repository: Repository, subject: Digest, context: PullContext): AsyncIterable<Descriptor> {
    for (let after: Digest | null = null; ; ) {
      const page: ReferrersPage = await this.page(repository, subject, { artifactType: null, after }, context, null);
      yield* page.descriptors;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /**
   * A page of descriptors of the referrers. Empty when there are none, the repository included. What older clients keep
   * under a referrers tag counts as well (distribution-spec v1.1.1, "Referrers Tag Schema").
   */
  async page(
    repository: Repository,
    subject: Digest,
    { artifactType, after }: ReferrersQuestion,
    context: PullContext,
    signal: AbortSignal | null,
  ): Promise<ReferrersPage> {
    const search = await searchFor(repository, this.#order, context.mayPull);
    const upstreams = context.isHereOnly === true ? [] : upstreamRepositories(search);
    for (const upstream of upstreams) await this.#origin.referrers(upstream, subject, contextFor(repository, context));
    const work = this.#turns.begin(signal);
    const found = new Map<Digest, Descriptor>();
    let cut: Digest | null = null;
    for (const name of candidateNames(repository, search)) {
      for (const source of [this.#stored(name, subject, after, work), this.#listed(name, subject, after, work)]) {
        const end = await this.#take(source, found);
        if (end !== null && (cut === null || end < cut)) cut = end;
      }
    }
    return this.#pageOf(found, cut, artifactType);
  }

  /** Takes what one page can have. Returns the digest behind which there is more; null when there is not. */
  async #take(source: AsyncIterable<Descriptor>, found: Map<Digest, Descriptor>): Promise<Digest | null> {
    let [count, bytes]: [number, number] = [0, 0];
    let last: Digest | null = null;
    for await (const descriptor of source) {
      if (last !== null && (count >= this.#page || bytes >= PAGE_BYTES)) return last;
      if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor);
      count++;
      bytes += JSON.stringify(descriptor).length;
      last = descriptor.digest;
    }
    return null;
  }

  #pageOf(found: ReadonlyMap<Digest, Descriptor>, cut: Digest | null, artifactType: string | null): ReferrersPage {
    const sorted = [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
    const known = cut === null ? sorted : sorted.filter(({ digest }) => digest <= cut);
    const shown = known.slice(0, this.#page);
    const next = shown.length < known.length ? (shown.at(-1)?.digest ?? null) : cut;
    const isMeant = (descriptor: Descriptor) => artifactType === null || descriptor.artifactType === artifactType;
    return { descriptors: shown.filter(isMeant), next };
  }

  async *#stored(name: RepositoryName, subject: Digest, first: Digest | null, work: Work) {
    for (let after = first; ; ) {
      const batch = await this.#manifests.listReferrers(name, subject, { after, limit: BATCH });
      for (const manifest of batch) yield await describe(manifest, work);
      after = batch.at(-1)?.digest ?? null;
      if (batch.length < BATCH) return;
      await work.rest();
    }
  }

  /** What the referrers tag lists. */
  async *#listed(name: RepositoryName, subject: Digest, after: Digest | null, work: Work) {
    const tagged = await this.#tags.getTagged(name, referrersTag(subject));
    if (tagged === null || !isIndexType(tagged.manifest.mediaType)) return;
    const { manifests } = await readManifest(tagged.manifest, work);
    const later = manifests.filter(({ digest }) => after === null || digest > after);
    yield* later.sort((a, b) => (a.digest < b.digest ? -1 : 1));
  }
}

async function describe(stored: StoredManifest, work: Work): Promise<Descriptor> {
  const manifest = await readManifest(stored, work);
  return {
    mediaType: stored.mediaType,
    digest: stored.digest,
    size: stored.bytes.byteLength,
    ...(manifest.artifactType === null ? {} : { artifactType: manifest.artifactType }),
    ...(Object.keys(manifest.annotations).length === 0 ? {} : { annotations: manifest.annotations }),
  };
}
