import type { Turns } from "../../lib/async/turns.ts";
import type { Namespace, RepositoryName } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import {
  type FoundTag,
  type ImageFilter,
  type ImageOrder,
  type ImageSearchStore,
  rankOf,
  type RepositoryTally,
} from "../../storage/image-search.ts";
import type { TagKind } from "../../storage/metadata.ts";
import type { Holds } from "../holds/holds.ts";
import type { Pins } from "../holds/pins.ts";
import type { MayPull } from "../names/search-order.ts";
import type { ImageMeasurer } from "./image-measurer.ts";
import { searchWords } from "./search-words.ts";

/** Parts of images that are looked at for one page: what has not been measured by then comes when it is asked for again. */
const PARTS_OF_PAGE = 2000;
/** Some milliseconds. */
const UNMEASURED_LOOKED_AT = 500;

/** What somebody looks for. */
export type ImageQuestion = {
  readonly text: string;
  readonly namespace: Namespace | null;
  readonly kind: TagKind | null;
  readonly isPinned: boolean | null;
  readonly isSigned: boolean | null;
};

/** Who asks: what they may pull from, undefined for everything, and until when. */
export type Searcher = { readonly mayPull: MayPull; readonly signal: AbortSignal };

/** A tag, and what keeps it. */
export type ShownImage = FoundTag & {
  /** The text of the pin that holds it; null: none does. */
  readonly pin: string | null;
  /** Why it never goes by itself, in words that follow "it is kept by"; null: it may. */
  readonly heldBy: string | null;
};

/** The order of repositories. */
export type RepositoryOrder = {
  readonly by: "match" | "name" | "updated" | "pulled" | "size" | "tags";
  readonly descending: boolean;
};

/** What a namespace has of what was looked for; `bytes` are of its repositories as a whole. */
type NamespaceTally = {
  readonly namespace: string;
  readonly repositories: number;
  readonly tags: number;
  readonly bytes: number;
};

/** What the search is made of. */
export type SearchParts = {
  readonly store: ImageSearchStore;
  readonly pins: Pick<Pins, "pinOf">;
  readonly holds: Holds;
  readonly measurer: ImageMeasurer;
  readonly turns: Turns;
};

/** Finds images for people who look: what they may not pull is neither shown nor counted. */
export class ImageSearch {
  readonly #parts: SearchParts;

  constructor(parts: SearchParts) {
    this.#parts = parts;
  }

  /** A page of images, how many there are, and how many of all that are here have not been measured yet. */
  async images(
    question: ImageQuestion,
    order: ImageOrder,
    page: { readonly offset: number; readonly limit: number },
    searcher: Searcher,
  ) {
    const { store, measurer, holds, pins } = this.#parts;
    const filter = await this.#visible(this.#filterOf(question), searcher);
    const found = await store.find(filter, order, page, searcher.signal);
    const tags = await measurer.measureShown(found.tags, PARTS_OF_PAGE, searcher.signal);
    const images = tags.map(
      (tag): ShownImage => ({
        ...tag,
        pin: pins.pinOf(tag.repository, tag.tag, tag.digest),
        heldBy: holds.reasonFor(tag.repository, tag.tag, tag.digest),
      }),
    );
    const unmeasured = order.by === "size" || question.isSigned !== null ? await this.#measureRest(searcher) : 0;
    return { ...found, images, unmeasured };
  }

  /** A page of the repositories of what is looked for, and how many there are. */
  async repositories(
    question: ImageQuestion,
    { by, descending }: RepositoryOrder,
    { offset, limit }: { readonly offset: number; readonly limit: number },
    searcher: Searcher,
  ) {
    const { repositories, isCut } = await this.#tally(question, searcher);
    const sign = descending ? -1 : 1;
    const words = searchWords(question.text);
    const keyOf = (one: RepositoryTally) => (by === "match" ? rankOf(one.repository, words) : numberOf(one, by));
    // They come in the order of their names, and a sort keeps that among equals.
    const places = repositories.map((one, at) => ({ one, key: keyOf(one), at }));
    places.sort((a, b) => (by === "match" ? 1 : sign) * (a.key - b.key) || sign * (a.at - b.at));
    const page = places.slice(offset, offset + limit).map(({ one }) => one);
    return { repositories: page, total: repositories.length, isCut };
  }

  /** The namespaces of what is looked for, in the order of their names. */
  async namespaces(question: Omit<ImageQuestion, "namespace">, searcher: Searcher) {
    const { repositories, isCut } = await this.#tally({ ...question, namespace: null }, searcher);
    const groups = new Map<string, { namespace: string; repositories: number; tags: number; bytes: number }>();
    for (const { repository, tags, bytes } of repositories) {
      const namespace = repository.slice(0, repository.indexOf("/"));
      const group = groups.get(namespace) ?? { namespace, repositories: 0, tags: 0, bytes: 0 };
      group.repositories++;
      group.tags += tags;
      group.bytes += bytes;
      groups.set(namespace, group);
    }
    return { namespaces: [...groups.values()] satisfies readonly NamespaceTally[], isCut };
  }

  async #tally(question: ImageQuestion, { mayPull, signal }: Searcher) {
    const { repositories, isCut } = await this.#parts.store.tally(this.#filterOf(question), signal);
    if (mayPull === undefined) return { repositories, isCut };
    const seen = await this.#seen(repositories, mayPull, signal);
    return { repositories: repositories.filter(({ repository }) => seen.has(repository)), isCut };
  }

  /** The filter, of what somebody sees alone. */
  async #visible(filter: ImageFilter, { mayPull, signal }: Searcher): Promise<ImageFilter> {
    if (mayPull === undefined) return filter;
    const { repositories } = await this.#parts.store.tally(filter, signal);
    const seen = await this.#seen(repositories, mayPull, signal);
    const { isMeant } = filter;
    // What comes meanwhile has not been asked for, and is not seen yet.
    return {
      ...filter,
      isMeant: (repository, tag, digest) =>
        seen.has(repository) && (isMeant === null || isMeant(repository, tag, digest)),
    };
  }

  async #seen(
    repositories: readonly RepositoryTally[],
    mayPull: NonNullable<MayPull>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<RepositoryName>> {
    const work = this.#parts.turns.begin(signal);
    const seen = new Set<RepositoryName>();
    for (const { repository } of repositories) {
      if (work.isTurnOver) await work.rest();
      const may = mayPull(repositoryOf(repository));
      if (may === true || (may !== false && (await may))) seen.add(repository);
    }
    return seen;
  }

  #filterOf({ text, isPinned, ...rest }: ImageQuestion): ImageFilter {
    const { pins } = this.#parts;
    const isMeant: ImageFilter["isMeant"] =
      isPinned === null
        ? null
        : (repository, tag, digest) => (pins.pinOf(repository, tag, digest) !== null) === isPinned;
    return { ...rest, words: searchWords(text), isMeant };
  }

  /** How many are still to be measured; for who may not pull everything, as far as they may, of the first ones. */
  async #measureRest({ mayPull }: Searcher): Promise<number> {
    const { tags, total } = await this.#parts.store.listUnmeasured(mayPull === undefined ? 0 : UNMEASURED_LOOKED_AT);
    if (total > 0) this.#parts.measurer.begin();
    if (mayPull === undefined) return total;
    let seen = 0;
    for (const { repository } of tags) if (await mayPull(repositoryOf(repository))) seen++;
    return seen;
  }
}

function numberOf({ updatedAtMs, pulledAtMs, bytes, tags }: RepositoryTally, by: RepositoryOrder["by"]): number {
  return { match: 0, name: 0, updated: updatedAtMs, pulled: pulledAtMs ?? 0, size: bytes, tags }[by];
}
