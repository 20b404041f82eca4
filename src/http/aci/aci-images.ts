import { AciError } from "../../aci/aci-error.ts";
import { aciPlatform } from "../../aci/convert/aci-platform.ts";
import type { AciParts, ConversionRequest } from "../../aci/serve/aci-conversions.ts";
import { parseImageConfig } from "../../aci/convert/image-config.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { formatPlatform, type Platform, platformMatches } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import { chooseManifests, isIndex, readManifest } from "../../registry/pull/image-walk.ts";
import type { Manifests } from "../../registry/pull/manifests.ts";
import type { FoundManifest, PullContext } from "../../registry/pull/origin.ts";
import type { NamedAci } from "./aci-names.ts";

/** An image that an ACI can be made of. */
export type AciImage = {
  readonly request: ConversionRequest;
  /** Sees to it that all blobs are here. */
  readonly bring: () => Promise<AciParts>;
};

export type AciImageParts = {
  readonly manifests: Manifests;
  readonly blobs: Blobs;
  readonly cacher: ImageCacher;
  readonly turns: Turns;
  /** The file of a blob that is here. */
  readonly blobFile: (digest: Digest) => string;
};

type StoredManifest = FoundManifest["manifest"];

/** What rkt ran on when it was asked for nothing else. */
const DEFAULT_PLATFORM: Platform = { os: "linux", architecture: "amd64" };
/** Indexes within indexes are followed so deep. */
const INDEX_DEPTH = 4;
const CONFIG_LIMIT_BYTES = 8 << 20;

/** Finds the images that ACIs are made of: here, or at their registries when those may be asked. */
export class AciImages {
  readonly #parts: AciImageParts;

  constructor(parts: AciImageParts) {
    this.#parts = parts;
  }

  /** The image of one platform. Throws what a pull of it would, and AciError for what is no image for a known platform. */
  async find(
    { repository, tag, ...naming }: NamedAci,
    platform: Platform | null,
    context: PullContext,
  ): Promise<AciImage> {
    const { manifest: root } = await this.#parts.manifests.get(repository, { kind: "tag", tag }, context);
    const stored = await this.#choose(repository, root, platform ?? DEFAULT_PLATFORM, context);
    const manifest = await readManifest(stored, this.#parts.turns.begin());
    const config = imageConfigOf(manifest);
    await this.#checkPlatform(repository, config, platform, context);
    const { name, version, registry } = naming;
    const { path } = repository;
    const origin = { name, version, originalName: `${registry}/${path}:${tag}`, registry, repository: path };
    return {
      request: { manifestDigest: stored.digest, origin },
      bring: () => this.#bring(repository, stored.digest, config, manifest.layers),
    };
  }

  async #choose(
    repository: Repository,
    root: StoredManifest,
    platform: Platform,
    context: PullContext,
  ): Promise<StoredManifest> {
    let stored = root;
    for (let depth = 0; isIndex(stored); depth++) {
      const index = await readManifest(stored, this.#parts.turns.begin());
      const [child] = chooseManifests(index, [platform]);
      if (child === undefined || depth === INDEX_DEPTH) {
        throw new RegistryError(
          "MANIFEST_UNKNOWN",
          `the image's indexes lead to no image for ${formatPlatform(platform)}`,
        );
      }
      const reference = { kind: "digest", digest: child.digest } as const;
      stored = (await this.#parts.manifests.get(repository, reference, context)).manifest;
    }
    return stored;
  }

  /** A client that names a platform refuses an ACI for another. */
  async #checkPlatform(
    repository: Repository,
    config: Descriptor,
    wanted: Platform | null,
    context: PullContext,
  ): Promise<void> {
    const { os, architecture, variant } = parseImageConfig(await this.#read(repository, config, context));
    aciPlatform({ os, architecture, variant });
    const offered: Platform = { os, architecture, ...(variant === "" ? {} : { variant }) };
    if (wanted === null || platformMatches(wanted, offered)) return;
    throw new RegistryError(
      "MANIFEST_UNKNOWN",
      `the image is for ${formatPlatform(offered)} alone, and ${formatPlatform(wanted)} was asked for`,
    );
  }

  async #read(repository: Repository, { digest }: Descriptor, context: PullContext): Promise<Uint8Array> {
    const { blobs } = this.#parts;
    const here = await blobs.readHere(repository, digest, CONFIG_LIMIT_BYTES);
    if (here !== null) return here;
    const found = await blobs.get(repository, digest, context);
    if (found.size > CONFIG_LIMIT_BYTES) throw new AciError(`the image's config has ${found.size} bytes`);
    return new Uint8Array(await new Response(await found.read(null)).arrayBuffer());
  }

  async #bring(
    repository: Repository,
    manifest: Digest,
    config: Descriptor,
    layers: readonly Descriptor[],
  ): Promise<AciParts> {
    const { blobs, cacher, blobFile, turns } = this.#parts;
    const work = turns.begin();
    for (const { digest } of [config, ...layers]) {
      await work.rest();
      if (await blobs.isHere(repository, digest)) continue;
      await cacher.cache(repository, { kind: "digest", digest: manifest }, "all", () => {});
      break;
    }
    const fileOf = ({ digest }: Descriptor) => ({ path: blobFile(digest), digest });
    return { config: fileOf(config), layers: layers.map(fileOf) };
  }
}

function imageConfigOf({ config, mediaType }: Manifest): Descriptor {
  const isImage = config?.mediaType === MEDIA_TYPE.ociConfig || config?.mediaType === MEDIA_TYPE.dockerConfig;
  if (config === null || !isImage) {
    throw new AciError(
      `this is no container image that an ACI could be made of: it is ${config?.mediaType ?? mediaType}`,
    );
  }
  if (config.size > CONFIG_LIMIT_BYTES) throw new AciError(`the image's config has ${config.size} bytes`);
  return config;
}
