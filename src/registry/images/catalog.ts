import type { Turns } from "../../lib/async/turns.ts";
import { addClause } from "../../lib/text/add-clause.ts";
import { LOCAL, type Namespace, type RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { RepositoryStore, TagStore } from "../../storage/metadata.ts";
import type { Page } from "../../storage/page.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { type Candidate, type MayPull, searchFor, type SearchOrder } from "../names/search-order.ts";
import type { ImageRules } from "../names/image-rules.ts";
import { repositoryUnknown, type UpstreamOutlook } from "../pull/not-found.ts";
import { contextFor, type ListedTags, type PullContext, type TagListOrigin } from "../pull/origin.ts";

/** Where names of repositories and tags are, here and upstream. */
export type CatalogParts = {
  readonly tags: TagStore;
  readonly repositories: RepositoryStore;
  readonly origin: TagListOrigin;
  /** What may come in: nothing else of upstream's is listed. */
  readonly rules: ImageRules;
  readonly order: SearchOrder;
  readonly outlook: UpstreamOutlook;
  readonly turns: Turns;
};

/** Names that are read at once where some may be left out. */
const LOOK_AT_ONCE = 500;

/** Lists the names of repositories and tags. */
export class Catalog {
  readonly #parts: CatalogParts;

  constructor(parts: CatalogParts) {
    this.#parts = parts;
  }

  /**
   * Names of repositories: seen through a registry that larder stands in for, that registry's own; seen through
   * larder's own address (`namespace` null), all, by their full names. Those are left out that whoever asks may not pull from.
   */
  async repositories(
    namespace: Namespace | null,
    page: Page,
    mayPull: MayPull,
    signal: AbortSignal | null,
  ): Promise<readonly string[]> {
    const work = this.#parts.turns.begin(signal);
    const { limit } = page;
    let after = page.after === null || namespace === null ? page.after : `${namespace}/${page.after}`;
    const seen: RepositoryName[] = [];
    for (;;) {
      const size = mayPull === undefined ? limit : Math.min(limit, LOOK_AT_ONCE);
      const names = await this.#parts.repositories.listRepositories(namespace, { after, limit: size });
      for (const name of names) {
        if (seen.length < limit && (await mayPull?.(repositoryOf(name))) !== false) seen.push(name);
      }
      if (names.length < size || seen.length >= limit) break;
      after = names.at(-1) ?? null;
      await work.rest();
    }
    return namespace === null ? seen : seen.map((name) => repositoryOf(name).path);
  }

  /**
   * A page of the tags that a pull could see: for a registry's repository, upstream's with those that are here, and those
   * that `local` answers by. For a name of `local` it is the first place of the search that has the repository: a stranger's
   * tags do not come among one's own. Throws NAME_UNKNOWN, or the failure of an upstream that might have the repository.
   */
  async tags(repository: Repository, page: Page, context: PullContext): Promise<ListedTags> {
    const { order, outlook } = this.#parts;
    const candidates = await searchFor(repository, order, context.mayPull);
    const places = repository.namespace === LOCAL ? candidates.map((candidate) => [candidate]) : [candidates];
    const asking = contextFor(repository, context);
    let failure: UpstreamError | null = null;
    for (const place of places) {
      const found = await this.#tagsAt(place, page, asking);
      if (found instanceof UpstreamError) failure ??= found;
      else if (found !== null) return this.#withoutDenied(place, found);
    }
    for (const { repository: place, accept } of candidates) {
      if (accept === "upstream") this.#parts.rules.assertMayComeIn(place, null);
    }
    throw repositoryUnknown({ repository, candidates, failure, outlook });
  }

  /** Without upstream's tags that may not come in, nor those that came before they might not. */
  async #withoutDenied(place: readonly Candidate[], listed: ListedTags): Promise<ListedTags> {
    const { rules, tags: store } = this.#parts;
    if (!rules.limitsIntake) return listed;
    const tags: Tag[] = [];
    for (const tag of listed.tags) {
      const isOpen = ({ repository, accept }: Candidate) =>
        accept !== "pushed" && rules.refusal(repository, tag) === null;
      const isPushed = async ({ repository }: Candidate) =>
        (await store.getTagged(nameOf(repository), tag))?.tag.kind === "pushed";
      let isShown = place.some(isOpen);
      for (const candidate of isShown ? [] : place) isShown ||= await isPushed(candidate);
      if (isShown) tags.push(tag);
    }
    return { ...listed, tags };
  }

  /** Null: nobody there has the repository; a failure: nobody, as far as can be said. */
  async #tagsAt(
    place: readonly Candidate[],
    page: Page,
    context: PullContext,
  ): Promise<ListedTags | UpstreamError | null> {
    const here = await this.#namesHere(place);
    const upstream = place.find(({ accept }) => accept === "upstream")?.repository ?? null;
    const listed = upstream === null ? null : await this.#tagsUpstream(upstream, page, context);
    if (here.length === 0 && (listed === null || listed instanceof UpstreamError)) return listed;
    const lists = await Promise.all(here.map((name) => this.#parts.tags.listTags(name, page)));
    if (listed instanceof UpstreamError) return { tags: pageOf(lists, page), warning: onlyHere(listed.message) };
    if (listed !== null) return { tags: pageOf([...lists, sliceOf(listed.tags, page)], page), warning: listed.warning };
    const { outlook } = this.#parts;
    const isUnasked = upstream !== null && outlook.offline && outlook.knows(upstream.namespace);
    return { tags: pageOf(lists, page), warning: isUnasked ? onlyHere("larder is offline") : null };
  }

  async #namesHere(place: readonly Candidate[]): Promise<readonly RepositoryName[]> {
    const here = new Set<RepositoryName>();
    for (const { repository } of place) {
      const name = nameOf(repository);
      if (!here.has(name) && (await this.#parts.repositories.hasRepository(name))) here.add(name);
    }
    return [...here];
  }

  async #tagsUpstream(
    repository: Repository,
    page: Page,
    context: PullContext,
  ): Promise<ListedTags | UpstreamError | null> {
    try {
      return await this.#parts.origin.tags(repository, context, page.after !== null);
    } catch (error) {
      if (error instanceof UpstreamError) return error;
      throw error;
    }
  }
}

function onlyHere(reason: string): string {
  return addClause(reason, "only tags that are here are listed");
}

/** The page of all lists together. Each has its first names behind the page's beginning, in the order of their bytes. */
function pageOf(lists: readonly (readonly Tag[])[], { limit }: Page): readonly Tag[] {
  const [only] = lists;
  if (lists.length === 1 && only !== undefined) return only;
  return [...new Set(lists.flat())].sort((a, b) => (a < b ? -1 : 1)).slice(0, limit);
}

/** The page of a whole list that is in order. */
function sliceOf(tags: readonly Tag[], { after, limit }: Page): readonly Tag[] {
  if (after === null) return tags.slice(0, limit);
  let [low, high] = [0, tags.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((tags[middle] as string) <= after) low = middle + 1;
    else high = middle;
  }
  return tags.slice(low, low + limit);
}
