import type { Work } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import type { HoldingStore, ManifestStore, StoredManifest } from "../../storage/metadata.ts";
import { HeldParts, type WholeFiles } from "../push/held-parts.ts";
import { ImageBounds } from "../push/image-bounds.ts";
import { CONFIG_LIMIT_BYTES, configSteps, isJsonType } from "./image-summary.ts";
import { blobsOf, readManifest } from "../pull/image-walk.ts";

/** Where the parts of images are kept. */
export type PartStores = {
  readonly manifests: ManifestStore;
  readonly holdings: HoldingStore;
  readonly blobs: BlobStore;
  readonly files: WholeFiles;
};

/** One visit to an image, in turns: what its manifests say, and which of their parts are here. */
export class ImageVisit {
  /** How many parts were looked at. */
  looked = 0;
  readonly #stores: PartStores;
  readonly #names: readonly RepositoryName[];
  readonly #work: Work;
  readonly #held: HeldParts;
  readonly #bounds = new ImageBounds();

  /** `names`: the repositories that may answer for the image. */
  constructor(stores: PartStores, names: readonly RepositoryName[], work: Work) {
    this.#stores = stores;
    this.#names = names;
    this.#work = work;
    this.#held = new HeldParts(stores.holdings, stores.files, "isWhole", work);
  }

  /** What a manifest says, `depth` indexes below the first one. Throws MANIFEST_INVALID for what no image is. */
  async read(stored: StoredManifest, depth: number): Promise<Manifest> {
    this.#bounds.enter(stored, depth);
    const manifest = await readManifest(stored, this.#work);
    this.looked += 1 + manifest.layers.length + manifest.manifests.length;
    return manifest;
  }

  /** Those of the manifests that are here, with the repositories that hold them. */
  manifestsHere(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, RepositoryName>> {
    return this.#held.manifests(this.#names, digests);
  }

  /** One of `manifestsHere`; null when it is not, or not any more. */
  async child(here: ReadonlyMap<Digest, RepositoryName>, digest: Digest): Promise<StoredManifest | null> {
    const repository = here.get(digest);
    await this.#work.rest();
    return repository === undefined ? null : this.#stores.manifests.getManifest(repository, digest);
  }

  /** The blobs that the image needs and that are not here, whole. */
  async lackingBlobs(manifest: Manifest): Promise<ReadonlySet<Digest>> {
    const digests = blobsOf(manifest).map(({ digest }) => digest);
    const here = await this.#held.blobs(this.#names, digests);
    return new Set(digests.filter((digest) => !here.has(digest)));
  }

  /** The image's config, when it is JSON and here; null otherwise. */
  async readConfig({ config }: Manifest): Promise<unknown> {
    if (config === null || !isJsonType(config.mediaType)) return null;
    // What the manifest says of its size may not be true.
    const size = (await this.#held.blobs(this.#names, [config.digest])).get(config.digest);
    if (size === undefined || size > CONFIG_LIMIT_BYTES) return null;
    const body = await this.#stores.blobs.read(config.digest, null);
    if (body === null) return null;
    return this.#work.finish(configSteps(new Uint8Array(await new Response(body).arrayBuffer())));
  }
}
