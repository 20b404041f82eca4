import { LOCAL, type RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { RepositoryStore, TagStore } from "../storage/metadata.ts";

/** A repository that is here, with its tags. */
export type HeldImage = { readonly repository: RepositoryName; readonly tags: readonly Tag[] };

const PAGE = 500;
/** Tags of one repository that are looked at. */
const TAGS_LIMIT = 10_000;

/** Finds images that are here by parts of their names. Never asks upstream. */
export class HeldImages {
  readonly #tags: TagStore;
  readonly #repositories: RepositoryStore;

  constructor(tags: TagStore, repositories: RepositoryStore) {
    this.#tags = tags;
    this.#repositories = repositories;
  }

  /** Those whose full name is meant, what was pushed here first, `limit` at most. */
  async find(isMeant: (repository: RepositoryName) => boolean, limit: number): Promise<readonly HeldImage[]> {
    const names = (await this.#names()).filter(isMeant);
    const isLocal = (name: string) => name.startsWith(`${LOCAL}/`);
    const ordered = names.toSorted((a, b) => Number(isLocal(b)) - Number(isLocal(a)));
    const page = { after: null, limit: TAGS_LIMIT };
    return Promise.all(
      ordered
        .slice(0, limit)
        .map(async (repository) => ({ repository, tags: await this.#tags.listTags(repository, page) })),
    );
  }

  async #names(): Promise<readonly RepositoryName[]> {
    const names: RepositoryName[] = [];
    for (;;) {
      const page = await this.#repositories.listRepositories(null, { after: names.at(-1) ?? null, limit: PAGE });
      names.push(...page);
      if (page.length < PAGE) return names;
    }
  }
}
