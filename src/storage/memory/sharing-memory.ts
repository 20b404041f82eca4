import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { BlobSharer, SharingStore } from "../sharing.ts";

/** What is known of the repositories. */
type Repositories = ReadonlyMap<
  RepositoryName,
  {
    readonly manifests: ReadonlyMap<Digest, { readonly references: readonly Digest[] }>;
    readonly tags: Readonly<Record<string, ReadonlyMap<Tag, { readonly digest: Digest }>>>;
  }
>;

/** Who shares blobs, in memory. */
export class MemorySharing implements SharingStore {
  readonly #store: { readonly repositories: Repositories };

  constructor(store: { readonly repositories: Repositories }) {
    this.#store = store;
  }

  async findSharers(digests: readonly Digest[], limit: number): Promise<ReadonlyMap<Digest, readonly BlobSharer[]>> {
    const found = new Map<Digest, readonly BlobSharer[]>();
    for (const digest of digests) {
      const sharers = this.#naming(digest).slice(0, limit);
      if (sharers.length > 0) found.set(digest, sharers);
    }
    return found;
  }

  async nameSharers(sharers: readonly BlobSharer[]): Promise<readonly (BlobSharer & { readonly tag: Tag | null })[]> {
    return sharers.map(({ repository, manifest }) => {
      const own = this.#tagOn(repository, new Set([manifest]));
      const indexes = new Set(this.#naming(manifest).map((one) => one.manifest));
      return { repository, manifest, tag: own ?? this.#tagOn(repository, indexes) };
    });
  }

  #naming(digest: Digest): BlobSharer[] {
    const sharers: BlobSharer[] = [];
    for (const [repository, { manifests }] of this.#store.repositories) {
      for (const [manifest, { references }] of manifests) {
        if (references.includes(digest)) sharers.push({ repository, manifest });
      }
    }
    const key = ({ manifest, repository }: BlobSharer) => `${manifest} ${repository}`;
    return sharers.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  }

  #tagOn(repository: RepositoryName, manifests: ReadonlySet<Digest>): Tag | null {
    const tags = Object.values(this.#store.repositories.get(repository)?.tags ?? {});
    const names = tags.flatMap((kind) =>
      [...kind].flatMap(([tag, { digest }]) => (manifests.has(digest) ? [tag] : [])),
    );
    return names.sort()[0] ?? null;
  }
}
