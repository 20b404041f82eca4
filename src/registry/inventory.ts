import type { Digest } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { formatPlatform } from "../oci/platform.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { ManifestStore, RepositoryStore, StoredManifest, StoredTag, TagStore } from "../storage/metadata.ts";

/** A tag with what is here of its image. */
export type InventoryEntry = {
  readonly repository: RepositoryName;
  readonly tag: StoredTag;
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
};

const PAGE = 500;
/** An index of indexes of indexes is the deepest that anyone builds; deeper ones are counted no further. */
const DEPTH_LIMIT = 4;

/** Tells what images are here, how large, for which platforms. */
export class Inventory {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #repositories: RepositoryStore;

  constructor(manifests: ManifestStore, tags: TagStore, repositories: RepositoryStore) {
    this.#manifests = manifests;
    this.#tags = tags;
    this.#repositories = repositories;
  }

  /** All tags, ordered by their full names. */
  async *list(): AsyncIterable<InventoryEntry> {
    for (let after: RepositoryName | null = null; ; ) {
      const page: readonly RepositoryName[] = await this.#repositories.listRepositories(null, { after, limit: PAGE });
      for (const repository of page) {
        for (const tag of await this.#tags.describeTags(repository)) yield this.#describe(repository, tag);
      }
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return;
    }
  }

  async #describe(repository: RepositoryName, tag: StoredTag): Promise<InventoryEntry> {
    const sizes = new Map<Digest, number>();
    const platforms = new Set<string>();
    const root = await this.#manifests.getManifest(repository, tag.digest);
    if (root !== null) await this.#visit(repository, root, sizes, platforms, 0);
    const sizeBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    return { repository, tag, sizeBytes, platforms: [...platforms].sort() };
  }

  async #visit(
    repository: RepositoryName,
    stored: StoredManifest,
    sizes: Map<Digest, number>,
    platforms: Set<string>,
    depth: number,
  ): Promise<void> {
    if (sizes.has(stored.digest) || depth > DEPTH_LIMIT) return;
    sizes.set(stored.digest, stored.bytes.byteLength);
    const manifest = parseManifest(stored.bytes, stored.mediaType);
    for (const blob of blobsOf(manifest)) sizes.set(blob.digest, blob.size);
    if (!isIndexType(manifest.mediaType)) return;
    for (const child of manifest.manifests) {
      const here = await this.#manifests.getManifest(repository, child.digest);
      if (here === null) continue;
      const { platform } = child;
      if (platform !== undefined && platform.os !== "unknown" && platform.os !== "")
        platforms.add(formatPlatform(platform));
      await this.#visit(repository, here, sizes, platforms, depth + 1);
    }
  }
}

function blobsOf(manifest: Manifest) {
  const all = manifest.config === null ? manifest.layers : [manifest.config, ...manifest.layers];
  return all;
}
