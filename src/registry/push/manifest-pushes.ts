import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { algorithmOf, type Digest, digestOf } from "../../oci/digest.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { ImageRules } from "../names/image-rules.ts";
import { assertMayPointAt } from "../pull/immutable-tags.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Tag } from "../../oci/tag.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import type { HoldingStore, ManifestPut, ManifestStore, StoredManifest, TagStore } from "../../storage/metadata.ts";
import type { Blobs } from "../pull/blobs.ts";
import {
  type Candidate,
  candidateNames,
  type MayPull,
  searchFor,
  type SearchOrder,
  upstreamRepositories,
} from "../names/search-order.ts";
import { BlobGathering } from "./gather-blobs.ts";
import { HeldParts, type WholeFiles } from "./held-parts.ts";
import { readManifest } from "../pull/read-manifest.ts";
import type { ManifestReference } from "../names/manifest-reference.ts";
import { listedIn, weightOf, referencesOf, requiredBlobs } from "../../oci/manifest-references.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { ManifestOrigin, PullContext } from "../pull/origin.ts";
import { PushProgress } from "./push-progress.ts";

/** What was there and is gone when the manifest is written is looked for again so often. */
const ATTEMPTS = 3;

/** A manifest as a client pushes it. */
export type PushedManifest = {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  readonly reference: ManifestReference;
  /** More tags for it, when it is pushed by digest. */
  readonly tags: readonly Tag[];
};

/** The outcome of a manifest's push. */
export type ManifestReceipt = { readonly digest: Digest; readonly subject: Digest | null };

/** The stores that pushes write to, and what finds parts that are elsewhere. */
export type PushParts = {
  readonly store: ManifestStore;
  readonly tags: Pick<TagStore, "getTagged">;
  /** Which tags never change. */
  readonly rules: ImageRules;
  readonly holdings: HoldingStore;
  readonly files: WholeFiles;
  readonly origin: ManifestOrigin;
  readonly blobs: Blobs;
  readonly order: SearchOrder;
  /** May a manifest be pushed that names what is nowhere? Off, a client that forgot something is told so. */
  readonly acceptSparse: boolean;
  readonly turns: Turns;
  readonly now: () => number;
};

/** A manifest, and where to look for what it names: the repository that it is pushed to, then where it was found. */
type Node = { readonly stored: StoredManifest; readonly manifest: Manifest; readonly places: readonly Repository[] };
/** What a manifest names and is here, so that its repository can hold it. */
type Held = {
  readonly blobs: readonly Digest[];
  readonly manifests: readonly Digest[];
  /** Is all of it here? */
  readonly isWhole: boolean;
  /** Are there blobs that the repository does not link yet? */
  readonly isBorrowing: boolean;
};

/**
 * Stores manifests that are pushed, and makes sure that all that they name is here.
 *
 * Clients ask by HEAD before they push a blob, or a manifest of an index, and skip what is there. HEAD's answer may
 * come from another repository or from upstream: what it said is here is linked to this repository, or fetched, before
 * the push is acknowledged. What an index lists is stored before the index, so that a crash leaves none without its
 * images.
 */
export class ManifestPushes {
  readonly #parts: PushParts;
  /** Two first pushes of a tag that never changes: one of them comes too late. */
  readonly #immutable = new KeyedMutex<RepositoryName>();

  constructor(parts: PushParts) {
    this.#parts = parts;
  }

  /**
   * Stores a manifest, with all that it names. Throws DIGEST_INVALID, MANIFEST_BLOB_UNKNOWN, MANIFEST_INVALID, DENIED for a tag
   * that never changes, or why upstream could not give what it has.
   */
  async put(repository: Repository, pushed: PushedManifest, context: PullContext): Promise<ManifestReceipt> {
    const tags = pushed.reference.kind === "tag" ? [pushed.reference.tag, ...pushed.tags] : pushed.tags;
    const { rules } = this.#parts;
    if (!tags.some((tag) => rules.immutableBy(repository, tag) !== null)) return this.#put(repository, pushed, context);
    const digest = digestOfPushed(pushed);
    return this.#immutable.run(nameOf(repository), async () => {
      for (const tag of tags) await assertMayPointAt(repository, tag, digest, this.#parts);
      return this.#put(repository, pushed, context);
    });
  }

  async #put(repository: Repository, pushed: PushedManifest, context: PullContext): Promise<ManifestReceipt> {
    const { acceptSparse, turns, now } = this.#parts;
    const digest = digestOfPushed(pushed);
    const manifest = await turns.begin().finish(manifestSteps(pushed.bytes, pushed.contentType));
    const stored = { digest, mediaType: manifest.mediaType, bytes: pushed.bytes };
    const push = new PushProgress(nameOf(repository), acceptSparse, context, turns.begin(), now);
    push.bounds.enter(stored, 0);
    const root = { stored, manifest, places: [repository] };
    const tags = pushed.reference.kind === "tag" ? [pushed.reference.tag, ...pushed.tags] : pushed.tags;
    if (!(await this.#store(repository, root, { tags, isPart: false }, push, 0))) throw push.missingParts();
    return { digest, subject: manifest.subject?.digest ?? null };
  }

  /** Stores a manifest after all that it names. False when something is nowhere, and so it is not stored. */
  async #store(
    repository: Repository,
    node: Node,
    as: Pick<ManifestPut, "tags" | "isPart">,
    push: PushProgress,
    depth: number,
  ): Promise<boolean> {
    const { store, acceptSparse, order, now } = this.#parts;
    const { stored, manifest, places } = node;
    const lenders = (await namesOf(places, order, push.context.mayPull)).slice(1);
    for (let attempt = 1; ; attempt++) {
      const held = await this.#hold(repository, node, push, depth);
      if (!held.isWhole && !acceptSparse) return false;
      if (as.isPart && !held.isBorrowing && (await store.getManifest(nameOf(repository), stored.digest)) !== null)
        return true;
      const missing = await store.putManifest(nameOf(repository), {
        manifest: stored,
        requiredBlobs: held.blobs,
        borrowFrom: lenders,
        requiredManifests: held.manifests,
        references: referencesOf(manifest),
        subject: manifest.subject?.digest ?? null,
        ...as,
        kind: "pushed",
        atMs: now(),
        cause: push.context.cause ?? NO_CAUSE,
        sizeBytes: weightOf(manifest, stored.bytes.byteLength),
      });
      if (missing.length === 0) return true;
      for (const digest of missing) push.stored.delete(digest);
      if (attempt < ATTEMPTS) continue;
      for (const digest of missing) push.missing.add(digest);
      return false;
    }
  }

  /** Brings here what a manifest names. What is nowhere is noted. */
  async #hold(repository: Repository, { manifest, places }: Node, push: PushProgress, depth: number): Promise<Held> {
    const { manifests, others } = listedIn(manifest);
    const required = requiredBlobs(manifest);
    const gathering = this.#gathering(push);
    const names = await namesOf(places, this.#parts.order, push.context.mayPull);
    const needed = await gathering.gather(repository, places, names, required);
    for (const digest of needed.absent) push.missing.add(digest);
    // What is no manifest by its type may be one all the same.
    const listed = await gathering.gather(repository, places, names, others);
    const held: Digest[] = [];
    for (const digest of [...manifests, ...listed.absent]) {
      if (push.isHopeless(0)) break;
      if (await this.#holdManifest(repository, places, digest, push, depth + 1)) held.push(digest);
    }
    const borrowed = [...needed.borrowed, ...listed.borrowed];
    const blobs = [...needed.own, ...listed.own, ...borrowed];
    return {
      blobs,
      manifests: held,
      isWhole: blobs.length + held.length === required.length + manifests.length + others.length,
      isBorrowing: borrowed.length > 0,
    };
  }

  #gathering(push: PushProgress): BlobGathering {
    const { blobs, holdings, files } = this.#parts;
    return new BlobGathering(blobs, new HeldParts(holdings, files, "makeWhole", push.work), push);
  }

  async #holdManifest(
    repository: Repository,
    places: readonly Repository[],
    digest: Digest,
    push: PushProgress,
    depth: number,
  ): Promise<boolean> {
    const known = push.stored.get(digest);
    if (known !== undefined) return known;
    const found = await this.#findManifest(places, digest, push);
    if (found === null) push.missing.add(digest);
    else push.bounds.enter(found.stored, depth);
    const isStored = found !== null && (await this.#store(repository, found, { tags: [], isPart: true }, push, depth));
    push.stored.set(digest, isStored);
    return isStored;
  }

  /** A manifest that HEAD would have told of: what is here comes first, wherever in the search it is. */
  async #findManifest(places: readonly Repository[], digest: Digest, push: PushProgress): Promise<Node | null> {
    const { store, origin, order } = this.#parts;
    const at = async (place: Repository, stored: StoredManifest): Promise<Node> => ({
      stored,
      manifest: await readManifest(stored, push.work),
      places: placesWith(places, place),
    });
    const searches = await searchesFrom(places, order, push.context.mayPull);
    const here = searches.flatMap((search) => search.map(({ repository }) => repository));
    const held = (await store.getManifests(here.map(nameOf), [digest])).get(digest);
    const holder = here.find((repository) => nameOf(repository) === held?.repository);
    if (held !== undefined && holder !== undefined) return at(holder, held.manifest);
    return push.ask(digest, async (note) => {
      for (const upstream of searches.flatMap(upstreamRepositories)) {
        const stored = await note(origin.manifest(upstream, digest, push.context));
        if (stored !== null) return at(upstream, stored);
      }
      return null;
    });
  }
}

/** The digest of what came, in the algorithm of the one that was asked for. Throws DIGEST_INVALID when it is another. */
function digestOfPushed({ bytes, reference }: PushedManifest): Digest {
  const algorithm = reference.kind === "digest" ? algorithmOf(reference.digest) : "sha256";
  const digest = digestOf(bytes, algorithm);
  if (reference.kind === "tag" || reference.digest === digest) return digest;
  throw new RegistryError("DIGEST_INVALID", `the manifest's digest is ${digest}, not ${reference.digest}`);
}

function placesWith(places: readonly Repository[], place: Repository): readonly Repository[] {
  return places.some((known) => nameOf(known) === nameOf(place)) ? places : [...places, place];
}

/** The repositories of the search from all places, each once. */
async function namesOf(places: readonly Repository[], order: SearchOrder, mayPull: MayPull) {
  const searches = await searchesFrom(places, order, mayPull);
  const names = places.flatMap((place, index) => candidateNames(place, searches[index] ?? []));
  return [...new Set(names)];
}

/** The search from each place, in their order. */
function searchesFrom(
  places: readonly Repository[],
  order: SearchOrder,
  mayPull: MayPull,
): Promise<readonly (readonly Candidate[])[]> {
  return Promise.all(places.map((place) => searchFor(place, order, mayPull)));
}
