import type { Work } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import { CONFIG_LIMIT_BYTES, configSteps, isJsonType } from "../../oci/image-config.ts";
import type { ImageReader, ListedContent } from "../../oci/image-reader.ts";
import { platformsIn, walkImage, type WalkStep } from "../../oci/image-walk.ts";
import type { Manifest } from "../../oci/manifest.ts";
import type { Platform } from "../../oci/platform.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { BlobStore } from "../../storage/blobs.ts";
import {
  type HoldingStore,
  MANIFESTS_AT_ONCE,
  type ManifestStore,
  type StoredManifest,
} from "../../storage/metadata.ts";
import { HeldParts, type WholeFiles } from "../push/held-parts.ts";
import { readManifest } from "../pull/read-manifest.ts";
import type { MayPull } from "../names/search-order.ts";

/** The stores that hold the parts of images. */
export type PartStores = {
  readonly manifests: ManifestStore;
  readonly holdings: HoldingStore;
  readonly blobs: BlobStore;
  readonly files: WholeFiles;
};

/** Reads one image in turns: what its manifests say, and which of their parts are here. */
export class ImageVisit implements ImageReader<StoredManifest> {
  /** How many parts were looked at. */
  looked = 0;
  readonly #stores: PartStores;
  readonly #names: readonly RepositoryName[];
  readonly #work: Work;
  readonly #held: HeldParts;

  /** `names`: the repositories that may answer for the image. */
  constructor(stores: PartStores, names: readonly RepositoryName[], work: Work, mayPull?: MayPull) {
    this.#stores = stores;
    this.#names = names;
    this.#work = work;
    this.#held = new HeldParts(stores.holdings, stores.files, "isWhole", work, mayPull);
  }

  /** Walks the selected manifests of the image. */
  async *walk(root: StoredManifest, selection: PlatformSelection): AsyncGenerator<WalkStep<StoredManifest>> {
    for await (const step of walkImage(root, { reader: this, selection, work: this.#work })) {
      if (step.kind === "manifest") this.looked += 1 + step.blobs.length;
      yield step;
    }
  }

  /** What a manifest says. Throws MANIFEST_INVALID. */
  parse(stored: StoredManifest): Promise<Manifest> {
    return readManifest(stored, this.#work);
  }

  async *read(listed: readonly Descriptor[]): AsyncGenerator<ListedContent<StoredManifest>, void, void> {
    this.looked += listed.length;
    for (let at = 0; at < listed.length; at += MANIFESTS_AT_ONCE) {
      const some = listed.slice(at, at + MANIFESTS_AT_ONCE);
      const digests = some.map(({ digest }) => digest);
      const here = await this.#stores.manifests.getManifests(this.#names, digests);
      for (const one of some) {
        await this.#work.rest();
        yield { listed: one, content: here.get(one.digest)?.manifest ?? null };
      }
    }
  }

  /** The platforms that an index leaves out, and the configs of its images know; empty for an index that no image has. */
  async platforms(root: StoredManifest, { manifests }: Manifest): Promise<ReadonlyMap<Digest, Platform | null>> {
    if (manifests.every(({ platform }) => platform !== undefined)) return new Map();
    return platformsIn(root, this, this.#work);
  }

  /** Those of the manifests that are here, with the repositories that hold them. */
  manifestsHere(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, RepositoryName>> {
    return this.#held.manifests(this.#names, digests);
  }

  /** Those of the blobs that are not here, whole. */
  async lacking(blobs: readonly Descriptor[]): Promise<ReadonlySet<Digest>> {
    const digests = blobs.map(({ digest }) => digest);
    const here = await this.#held.blobs(this.#names, digests);
    return new Set(digests.filter((digest) => !here.has(digest)));
  }

  async config({ digest, mediaType, size: said }: Descriptor): Promise<unknown> {
    if (!isJsonType(mediaType)) return null;
    // What the manifest says of its size may not be true.
    const size = (await this.#held.blobs(this.#names, [digest])).get(digest);
    if (size === undefined || size > Math.min(said, CONFIG_LIMIT_BYTES)) return null;
    const body = await this.#stores.blobs.read(digest, null);
    if (body === null) return null;
    return this.#work.finish(configSteps(new Uint8Array(await new Response(body).arrayBuffer())));
  }
}
