import type { Turns } from "../../lib/async/turns.ts";
import { LOCAL, type RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { RepositoryStore, TagStore } from "../../storage/metadata.ts";

/** A repository that holds manifests here, with its tags. */
export type HeldImage = { readonly repository: RepositoryName; readonly tags: readonly Tag[] };

const PAGE = 500;

/** Finds images that are here by parts of their names. Never asks upstream. */
export class HeldImages {
  readonly #tags: TagStore;
  readonly #repositories: RepositoryStore;
  readonly #turns: Turns;

  constructor(tags: TagStore, repositories: RepositoryStore, turns: Turns) {
    this.#tags = tags;
    this.#repositories = repositories;
    this.#turns = turns;
  }

  /**
   * Those whose full name is meant, what was pushed here first: so many repositories, and tags of all of them together,
   * at most.
   */
  async find(
    isMeant: (repository: RepositoryName) => boolean | Promise<boolean>,
    limits: { readonly repositories: number; readonly tags: number },
  ): Promise<readonly HeldImage[]> {
    const work = this.#turns.begin();
    const [own, others]: [RepositoryName[], RepositoryName[]] = [[], []];
    for (let after: RepositoryName | null = null; ; ) {
      const page: readonly RepositoryName[] = await this.#repositories.listRepositories(null, { after, limit: PAGE });
      for (const name of page) {
        const list = name.startsWith(`${LOCAL}/`) ? own : others;
        if (list.length >= limits.repositories) continue;
        const isOne = isMeant(name);
        if (isOne === true || (isOne !== false && (await isOne))) list.push(name);
      }
      after = page.at(-1) ?? null;
      if (page.length < PAGE) break;
      await work.rest();
    }
    const images: HeldImage[] = [];
    let left = limits.tags;
    for (const repository of [...own, ...others].slice(0, limits.repositories)) {
      if (left === 0) break;
      const tags = await this.#tags.listTags(repository, { after: null, limit: left });
      left -= tags.length;
      images.push({ repository, tags });
      await work.rest();
    }
    return images;
  }
}
