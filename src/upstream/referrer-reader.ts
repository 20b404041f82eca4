import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { referrersTag } from "../oci/referrers-tag.ts";
import type { RepositoryPath } from "../oci/repository-name.ts";
import { fetchPage, hasNoSuchEndpoint, readPage } from "./list-page.ts";
import type { ManifestSource, ReferrerSource, RequestOptions } from "./registry-client.ts";
import type { RegistryServer } from "./registry-server.ts";
import type { ServerPool } from "./server-pool.ts";

/** Referrers, by the API of the registry or by the referrers tag. */
export class ReferrerReader implements ReferrerSource {
  readonly #pool: ServerPool;
  readonly #manifests: ManifestSource;
  readonly #listEntries: number;

  constructor(pool: ServerPool, manifests: ManifestSource, limits: { readonly listEntries: number }) {
    this.#pool = pool;
    this.#manifests = manifests;
    this.#listEntries = limits.listEntries;
  }

  async listReferrers(
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions & { readonly artifactType?: string } = {},
  ): Promise<readonly Descriptor[]> {
    const { artifactType } = options;
    const byApi = await this.#pool.readList(async (server) => {
      try {
        return await this.#askApi(server, path, digest, options);
      } catch (error) {
        if (hasNoSuchEndpoint(error)) return null;
        throw error;
      }
    }, options.signal);
    const all = byApi ?? (await this.#readReferrersTag(path, digest, options));
    // The filter is the registry's to apply, or not; `OCI-Filters-Applied` would only save this line.
    return artifactType === undefined ? all : all.filter((entry) => entry.artifactType === artifactType);
  }

  async #askApi(
    server: RegistryServer,
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions & { readonly artifactType?: string },
  ): Promise<readonly Descriptor[] | null> {
    const { artifactType } = options;
    const found: Descriptor[] = [];
    let url: URL | null = server.address.url(
      `/${path}/referrers/${digest}`,
      artifactType === undefined ? {} : { artifactType },
    );
    while (url !== null && found.length < this.#listEntries) {
      const page = await fetchPage(server, url, { path, actions: "pull" }, options);
      const type = page?.contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
      // Anything but an index comes from a server that does not know this path.
      if (page === null || !isIndexType(type)) return found.length === 0 ? null : found;
      const { manifests } = readPage(() => parseManifest(page.bytes, type), url);
      // A page without entries that has a next one would never end.
      if (manifests.length === 0) break;
      found.push(...manifests);
      url = page.next;
    }
    return found.slice(0, this.#listEntries);
  }

  async #readReferrersTag(
    path: RepositoryPath,
    digest: Digest,
    options: RequestOptions,
  ): Promise<readonly Descriptor[]> {
    const manifest = await this.#manifests.getManifest(path, referrersTag(digest), options);
    if (manifest === null || manifest.mediaType === null || !isIndexType(manifest.mediaType)) return [];
    return parseManifest(manifest.bytes, manifest.mediaType).manifests;
  }
}
