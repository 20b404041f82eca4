import type { Work } from "../lib/turns.ts";
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { BlobStore } from "../storage/blobs.ts";
import type { HoldingStore } from "../storage/metadata.ts";

/** Digests that are looked up at once: they take about a millisecond. */
const SET = 100;

/** Which parts of images are here, seen through the repositories that may answer for one. Works in turns. */
export class HeldParts {
  readonly #holdings: HoldingStore;
  readonly #blobs: BlobStore;
  readonly #work: Work;

  constructor(holdings: HoldingStore, blobs: BlobStore, work: Work) {
    this.#holdings = holdings;
    this.#blobs = blobs;
    this.#work = work;
  }

  /** The manifests that are here, each with the first repository that holds it. */
  async manifests(
    repositories: readonly RepositoryName[],
    digests: Iterable<Digest>,
  ): Promise<ReadonlyMap<Digest, RepositoryName>> {
    const found = new Map<Digest, RepositoryName>();
    for (const set of setsOf(digests)) {
      for (const [digest, repository] of await this.#holdings.findManifests(repositories, set))
        found.set(digest, repository);
      await this.#work.rest();
    }
    return found;
  }

  /**
   * The blobs that are here, whole on disk, with their sizes. They must be named by a manifest that one of the
   * repositories holds: then what another repository brought here serves these, too.
   */
  async blobs(
    repositories: readonly RepositoryName[],
    digests: Iterable<Digest>,
  ): Promise<ReadonlyMap<Digest, number>> {
    const found = new Map<Digest, number>();
    for (const set of setsOf(digests)) {
      const linked = await this.#holdings.findLinked(repositories, set);
      const others = set.filter((digest) => !linked.has(digest));
      const elsewhere = others.length === 0 ? linked : await this.#holdings.findLinkedAnywhere(others);
      for (const digest of set) {
        const size = linked.get(digest) ?? elsewhere.get(digest);
        if (size !== undefined && (await this.#blobs.size(digest)) === size) found.set(digest, size);
        await this.#work.rest();
      }
    }
    return found;
  }
}

function* setsOf(digests: Iterable<Digest>): Generator<readonly Digest[], void, void> {
  let set: Digest[] = [];
  for (const digest of new Set(digests)) {
    set.push(digest);
    if (set.length < SET) continue;
    yield set;
    set = [];
  }
  if (set.length > 0) yield set;
}
