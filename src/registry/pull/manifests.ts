import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import type { ManifestStore, StoredManifest, TagKind, Tagged, TagStore } from "../../storage/metadata.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { type Candidate, candidatesOf, searchFor, type SearchOrder } from "../names/search-order.ts";
import { ImageRefused } from "../signatures/image-refused.ts";
import { readManifest } from "./read-manifest.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";
import { manifestUnknown, type UpstreamOutlook } from "./not-found.ts";
import { contextFor, type FoundManifest, type ImageGuard, type ManifestOrigin, type PullContext } from "./origin.ts";
import { type ImageRules, IntakeDenied } from "../names/image-rules.ts";
import type { PushedStore } from "../../storage/pushed.ts";
import { assertMayGo } from "./immutable-tags.ts";
import type { TrafficCounter } from "./traffic.ts";

/**
 * A manifest that answers a pull, and where it was found. `kind` is the tag's, null when a digest was asked for;
 * `fetchedFrom` is the registry that it was fetched from, null when it was here.
 */
export type LocatedManifest = FoundManifest & {
  readonly foundIn: RepositoryName;
  readonly kind: TagKind | null;
  readonly fetchedFrom: Namespace | null;
};

/** The stores of manifests, and the upstream that missing ones come from. */
export type ManifestParts = {
  readonly store: ManifestStore;
  readonly tags: TagStore;
  readonly pushed: PushedStore;
  readonly origin: ManifestOrigin;
  readonly order: SearchOrder;
  /** What may come in, and what never changes. */
  readonly rules: ImageRules;
  /** For messages. */
  readonly outlook: UpstreamOutlook;
  readonly traffic: TrafficCounter;
  readonly guard: ImageGuard;
  readonly turns: Turns;
  readonly now: () => number;
};

/** Pulls and deletions of manifests. */
export class Manifests {
  readonly #parts: ManifestParts;

  constructor(parts: ManifestParts) {
    this.#parts = parts;
  }

  /**
   * The manifest that answers for a reference. Throws MANIFEST_UNKNOWN, saying where it was looked for, or the failure
   * of an upstream that might have had it; IntakeDenied when a rule is all that stands against it, and ImageRefused for one
   * that lacks a signature which is required.
   */
  async get(repository: Repository, reference: ManifestReference, context: PullContext): Promise<LocatedManifest> {
    const seen = new Map<string, Tagged | null>();
    const asking = contextFor(repository, context);
    const find = (candidate: Candidate) =>
      reference.kind === "tag"
        ? this.#byTag(candidate, reference.tag, asking, seen)
        : this.#byDigest(candidate, reference.digest, asking);
    let failure: UpstreamError | null = null;
    let denied: IntakeDenied | null = null;
    const { order, outlook } = this.#parts;
    // Mostly the first one is the last: the steps are made one by one where all of them may be seen.
    const search =
      context.mayPull === undefined
        ? candidatesOf(repository, order)
        : await searchFor(repository, order, context.mayPull);
    for (const candidate of search) {
      try {
        const place = { "larder.repository": nameOf(candidate.repository), "larder.accept": candidate.accept };
        const found = await inSpan("look for manifest", place, () => find(candidate));
        if (found !== null) return await this.#admitted(repository, reference, found, context);
      } catch (error) {
        if (error instanceof ImageRefused) return this.#handOut(error, reference, candidate.repository, context);
        // Another place may have it; if none has, this is why.
        if (error instanceof IntakeDenied) denied ??= error;
        else if (error instanceof UpstreamError) failure ??= error;
        else throw error;
      }
    }
    if (denied !== null && context.isHereOnly !== true) throw denied;
    const candidates = await searchFor(repository, order, context.mayPull);
    throw manifestUnknown(reference, {
      repository,
      candidates,
      failure,
      outlook,
      isHereOnly: context.isHereOnly === true,
    });
  }

  /**
   * What `get` would find by a tag, when that is in memory and needs no question to anybody; else null: `get` it. It takes
   * a tenth of the time, and a fleet of nodes asks for the same few tags. `isForAll` says whether everybody may pull from a
   * repository; null: everybody may from all.
   */
  recall(
    repository: Repository,
    tag: Tag,
    isForAll: ((repository: Repository) => boolean) | null = null,
  ): LocatedManifest | null {
    const { tags, order, origin, rules, guard } = this.#parts;
    for (const { repository: place, accept } of candidatesOf(repository, order)) {
      const name = nameOf(place);
      if (isForAll !== null && name !== nameOf(repository) && !isForAll(place)) return null;
      const here = tags.recallTagged(name, tag);
      if (here === undefined) return null;
      if (here?.tag.kind === "cached" && rules.limitsIntake && rules.refusal(place, tag) !== null) return null;
      if (here !== null && (answersAlone(here, accept) || (accept === "upstream" && origin.isFresh(place, here)))) {
        if (!guard.isIdle && !guard.isKnownToPass(nameOf(repository), name, here.manifest.digest)) return null;
        return this.#hit(place, name, here.manifest, here.tag.kind);
      }
      if (accept === "upstream") return null;
    }
    return null;
  }

  /** What a manifest says, read in turns. Throws MANIFEST_INVALID for one that takes too long to read. */
  read(stored: StoredManifest): Promise<Manifest> {
    return readManifest(stored, this.#parts.turns.begin());
  }

  /** Does this very repository have the manifest? */
  async holds(repository: Repository, digest: Digest): Promise<boolean> {
    return (await this.#parts.store.getManifest(nameOf(repository), digest)) !== null;
  }

  /**
   * Removes a tag (the manifest stays), or a manifest with all of its tags. Throws MANIFEST_UNKNOWN, and DENIED for what an
   * immutable tag leads to.
   */
  async delete(repository: Repository, reference: ManifestReference, cause: EventCause = NO_CAUSE): Promise<void> {
    const { store, tags, outlook, now } = this.#parts;
    const name = nameOf(repository);
    await assertMayGo(repository, reference, this.#parts);
    const gone =
      reference.kind === "tag"
        ? (await tags.deleteTag(name, reference.tag, false, now(), cause)) !== null
        : await store.deleteManifest(name, reference.digest, false, now(), cause);
    if (gone) return;
    throw manifestUnknown(reference, { repository, candidates: [], failure: null, outlook, isHereOnly: true });
  }

  /** What was found, if it may be served. Throws ImageRefused. */
  async #admitted(
    asked: Repository,
    reference: ManifestReference,
    located: LocatedManifest,
    context: PullContext,
  ): Promise<LocatedManifest> {
    const { guard } = this.#parts;
    if (guard.isIdle || guard.isKnownToPass(nameOf(asked), located.foundIn, located.manifest.digest)) return located;
    const tag = reference.kind === "tag" ? reference.tag : null;
    const image = { asked, found: repositoryOf(located.foundIn), manifest: located.manifest, tag };
    await inSpan("check signatures", { "larder.repository": located.foundIn }, () => guard.admit(image, context));
    return located;
  }

  /** What was refused, for one who may have it all the same. Throws the refusal. */
  async #handOut(
    refusal: ImageRefused,
    reference: ManifestReference,
    found: Repository,
    { mayHaveUnsigned }: PullContext,
  ): Promise<LocatedManifest> {
    const { manifest } = refusal;
    if (manifest === null || mayHaveUnsigned === undefined) throw refusal;
    const name = nameOf(found);
    const isHere = (await this.#parts.store.getManifest(name, manifest.digest)) !== null;
    if (!(await mayHaveUnsigned(isHere))) throw refusal;
    const kind =
      reference.kind === "tag" ? ((await this.#parts.tags.getTagged(name, reference.tag))?.tag.kind ?? "cached") : null;
    return { manifest, warning: refusal.message, foundIn: name, kind, fetchedFrom: isHere ? null : found.namespace };
  }

  /** `seen` remembers look-ups: a registry's own repository stands in the search twice. */
  async #byTag(
    { repository, accept }: Candidate,
    tag: Tag,
    context: PullContext,
    seen: Map<string, Tagged | null>,
  ): Promise<LocatedManifest | null> {
    const { tags, origin, traffic, rules } = this.#parts;
    const name = nameOf(repository);
    const here = seen.get(name) ?? (seen.has(name) ? null : await tags.getTagged(name, tag));
    seen.set(name, here);
    if (here?.tag.kind !== "pushed" && (here === null ? accept === "upstream" : accept !== "pushed")) {
      rules.assertMayComeIn(repository, tag);
    }
    if (here !== null && answersAlone(here, accept)) {
      return this.#hit(repository, name, here.manifest, here.tag.kind);
    }
    if (accept !== "upstream" || context.isHereOnly === true) return null;
    const found = await origin.tag(repository, tag, here, context);
    if (found === null) return null;
    const { namespace } = repository;
    const isKnown = found.manifest.digest === here?.manifest.digest;
    if (isKnown) traffic.hit(namespace, found.manifest.bytes.byteLength);
    else traffic.miss(namespace);
    if (found.warning !== null) traffic.stale(namespace);
    return { ...found, foundIn: name, kind: "cached", fetchedFrom: isKnown ? null : namespace };
  }

  async #byDigest(
    { repository, accept }: Candidate,
    digest: Digest,
    context: PullContext,
  ): Promise<LocatedManifest | null> {
    const name = nameOf(repository);
    const { store, rules, pushed } = this.#parts;
    const here = await store.getManifest(name, digest);
    const isTheirs = async () => here !== null && (await pushed.isPushed(name, digest));
    if (rules.limitsIntake && (here !== null || accept === "upstream") && !(await isTheirs())) {
      rules.assertMayComeIn(repository, null);
    }
    if (here !== null) return this.#hit(repository, name, here, null);
    if (accept !== "upstream" || context.isHereOnly === true) return null;
    const found = await this.#parts.origin.manifest(repository, digest, context);
    if (found === null) return null;
    this.#parts.traffic.miss(repository.namespace);
    return { manifest: found, warning: null, foundIn: name, kind: null, fetchedFrom: repository.namespace };
  }

  #hit(
    repository: Repository,
    foundIn: RepositoryName,
    manifest: StoredManifest,
    kind: TagKind | null,
  ): LocatedManifest {
    this.#parts.traffic.hit(repository.namespace, manifest.bytes.byteLength);
    return { manifest, warning: null, foundIn, kind, fetchedFrom: null };
  }
}

/** Does a tag that is here answer, whatever upstream may say? */
function answersAlone({ tag }: Tagged, accept: Candidate["accept"]): boolean {
  return tag.kind === "pushed" || accept === "stored";
}
