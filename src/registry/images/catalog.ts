import { RegistryError } from "../../oci/registry-error.ts";
import { LOCAL, type Namespace } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { nameOf, type Repository, repositoryOf } from "../../oci/repository.ts";
import type { RepositoryStore, TagStore } from "../../storage/metadata.ts";
import type { Page } from "../../storage/page.ts";
import { type Candidate, candidatesOf, type SearchOrder } from "../names/search-order.ts";

/** Lists the names of repositories and tags. */
export class Catalog {
  readonly #tags: TagStore;
  readonly #repositories: RepositoryStore;
  readonly #order: SearchOrder;

  constructor(tags: TagStore, repositories: RepositoryStore, order: SearchOrder) {
    this.#tags = tags;
    this.#repositories = repositories;
    this.#order = order;
  }

  /**
   * Names of repositories: seen through a registry that larder stands in for, that registry's own; seen through
   * larder's own address (`namespace` null), all, by their full names.
   */
  async repositories(namespace: Namespace | null, page: Page): Promise<readonly string[]> {
    if (namespace === null) return this.#repositories.listRepositories(null, page);
    const after = page.after === null ? null : `${namespace}/${page.after}`;
    const names = await this.#repositories.listRepositories(namespace, { after, limit: page.limit });
    return names.map((name) => repositoryOf(name).path);
  }

  /** The tags of a repository. Throws NAME_UNKNOWN. */
  async tags(repository: Repository, page: Page): Promise<readonly Tag[]> {
    const shown = await this.#shownIn(candidatesOf(repository, this.#order), repository);
    if (shown.length === 0) {
      throw new RegistryError("NAME_UNKNOWN", `the repository ${nameOf(repository)} is not here`, {
        detail: { name: repository.path },
      });
    }
    const lists = await Promise.all(shown.map((candidate) => this.#tags.listTags(nameOf(candidate.repository), page)));
    const [only] = lists;
    if (lists.length === 1 && only !== undefined) return only;
    const union = [...new Set(lists.flat())].sort((a, b) => (a < b ? -1 : 1));
    return union.slice(0, page.limit);
  }

  /** What a pull could see: a registry's own tags with those that `local` answers by; for `local`, the first that is there. */
  async #shownIn(candidates: Iterable<Candidate>, repository: Repository): Promise<readonly Candidate[]> {
    const present = new Map<string, Candidate>();
    for (const candidate of candidates) {
      const name = nameOf(candidate.repository);
      if (!(await this.#repositories.hasRepository(name))) continue;
      if (repository.namespace === LOCAL) return [candidate];
      present.set(name, candidate);
    }
    return [...present.values()];
  }
}
