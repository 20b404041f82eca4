import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { BlobLink, HoldingStore } from "../../storage/metadata.ts";
import type { BlobFiles } from "../pull/blob-files.ts";
import { findLent } from "../pull/lent-blobs.ts";
import type { MayPull } from "../names/search-order.ts";

/** Digests that are looked up at once: they take about a millisecond. */
const SET = 100;

/** The checks of a blob's file that are used here; see `BlobFiles`. */
export type WholeFiles = Pick<BlobFiles, "isWhole" | "makeWhole">;

/** How a blob's file is checked: `isWhole` only looks, `makeWhole` also restores it as far as it can. */
export type FileCheck = keyof WholeFiles;

/** Finds the manifests and blobs that are here, seen through the repositories that may answer for one. Works in turns. */
export class HeldParts {
  readonly #holdings: HoldingStore;
  readonly #files: WholeFiles;
  readonly #check: FileCheck;
  readonly #work: Work;
  readonly #mayPull: MayPull;

  constructor(holdings: HoldingStore, files: WholeFiles, check: FileCheck, work: Work, mayPull?: MayPull) {
    this.#mayPull = mayPull;
    this.#holdings = holdings;
    this.#files = files;
    this.#check = check;
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

  /** The blobs that one of the repositories links and that are whole on disk, with their sizes. */
  linked(repositories: readonly RepositoryName[], digests: Iterable<Digest>): Promise<ReadonlyMap<Digest, number>> {
    return this.#whole(digests, async (set) => sizesOf(await this.#holdings.findLinks(repositories, set)));
  }

  /**
   * The blobs that are here, whole on disk, with their sizes. They must be named by a manifest that one of the
   * repositories holds: then what another repository brought here serves these, too.
   */
  blobs(repositories: readonly RepositoryName[], digests: Iterable<Digest>): Promise<ReadonlyMap<Digest, number>> {
    return this.#whole(digests, async (set) => {
      const linked = sizesOf(await this.#holdings.findLinks(repositories, set));
      const others = set.filter((digest) => !linked.has(digest));
      if (others.length === 0) return linked;
      return new Map([...linked, ...(await findLent(this.#holdings, others, this.#mayPull))]);
    });
  }

  async #whole(
    digests: Iterable<Digest>,
    recorded: (set: readonly Digest[]) => Promise<ReadonlyMap<Digest, number>>,
  ): Promise<ReadonlyMap<Digest, number>> {
    const found = new Map<Digest, number>();
    for (const set of setsOf(digests)) {
      for (const [digest, size] of await recorded(set)) {
        if (await this.#files[this.#check](digest, size)) found.set(digest, size);
        await this.#work.rest();
      }
      await this.#work.rest();
    }
    return found;
  }
}

function sizesOf(links: ReadonlyMap<Digest, BlobLink>): ReadonlyMap<Digest, number> {
  return new Map(Array.from(links, ([digest, { size }]) => [digest, size]));
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
