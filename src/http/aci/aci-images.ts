import { AciError } from "../../aci/aci-error.ts";
import { aciPlatform } from "../../aci/convert/aci-platform.ts";
import type { AciParts } from "../../aci/serve/aci-conversions.ts";
import type { ConversionRequest } from "../../aci/serve/aci-key.ts";
import { parseImageConfig } from "../../aci/convert/image-config.ts";
import type { Turns } from "../../lib/async/turns.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { CONFIG_LIMIT_BYTES } from "../../oci/image-config.ts";
import { walkImage, type WalkedManifest, type WalkOptions } from "../../oci/image-walk.ts";
import { platformFits } from "../../oci/platform-fit.ts";
import { formatPlatform, type Platform } from "../../oci/platform.ts";
import { ALL_PLATFORMS, type PlatformSelection } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { Blobs } from "../../registry/pull/blobs.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import { PulledImage } from "../../registry/images/pulled-image.ts";
import type { Manifests } from "../../registry/pull/manifests.ts";
import type { PullNotes } from "../../registry/pull/pull-notes.ts";
import type { FoundManifest, PullContext, Puller } from "../../registry/pull/origin.ts";
import type { NamedAci } from "./aci-names.ts";

/** An image that an ACI can be made of. */
export type AciImage = {
  readonly request: ConversionRequest;
  /** Sees to it that all blobs are here. */
  readonly bring: () => Promise<AciParts>;
};

/** The registry's parts that images for ACIs are read from. */
export type AciImageParts = {
  readonly manifests: Manifests;
  /** Is told of each image that an ACI is asked of. */
  readonly pulls: Pick<PullNotes, "note">;
  readonly blobs: Blobs;
  readonly cacher: ImageCacher;
  readonly turns: Turns;
  /** Knows files with the content of blobs. */
  readonly store: { fileOf(digest: Digest): Promise<string | null> };
};

type StoredManifest = FoundManifest["manifest"];

/** What rkt ran on when it was asked for nothing else. */
const DEFAULT_PLATFORM: Platform = { os: "linux", architecture: "amd64" };

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
    const { manifest: root, foundIn } = await this.#parts.manifests.get(repository, { kind: "tag", tag }, context);
    this.#parts.pulls.note(foundIn, root.digest);
    const work = this.#parts.turns.begin();
    const reader = new PulledImage(this.#parts, repository, context, work);
    const { content, manifest } = await imageIn(root, { reader, selection: selectionFor(platform), work });
    const config = imageConfigOf(manifest);
    checkPlatform(await reader.readConfig(config.digest), platform);
    const { name, version, registry } = naming;
    const { path } = repository;
    const origin = { name, version, originalName: `${registry}/${path}:${tag}`, registry, repository: path };
    return {
      request: { manifestDigest: content.digest, origin },
      bring: () => this.#bring(repository, content.digest, config, manifest.layers, context),
    };
  }

  async #bring(
    repository: Repository,
    manifest: Digest,
    config: Descriptor,
    layers: readonly Descriptor[],
    { mayPull, upstreamKey }: Puller,
  ): Promise<AciParts> {
    const { blobs, cacher, store, turns } = this.#parts;
    const work = turns.begin();
    for (const { digest } of [config, ...layers]) {
      await work.rest();
      if (await blobs.secure(repository, digest, mayPull)) continue;
      const reference = { kind: "digest", digest: manifest } as const;
      await cacher.cache(repository, reference, ALL_PLATFORMS, () => {}, undefined, {
        ...(mayPull && { mayPull }),
        ...(upstreamKey && { upstreamKey }),
      });
      break;
    }
    const fileOf = async ({ digest }: Descriptor) => {
      const path = await store.fileOf(digest);
      if (path === null) throw new RegistryError("BLOB_UNKNOWN", `the blob ${digest} is gone again; ask once more`);
      return { path, digest };
    };
    return { config: await fileOf(config), layers: await Promise.all(layers.map(fileOf)) };
  }
}

function selectionFor(platform: Platform | null): PlatformSelection {
  return platform === null ? { kind: "prefer", platform: DEFAULT_PLATFORM } : { kind: "only", platforms: [platform] };
}

/** The one image that is selected. */
async function imageIn(
  root: StoredManifest,
  options: WalkOptions<StoredManifest>,
): Promise<WalkedManifest<StoredManifest>> {
  const images: WalkedManifest<StoredManifest>[] = [];
  for await (const step of walkImage(root, options)) {
    if (step.kind === "missing") {
      throw new RegistryError("MANIFEST_UNKNOWN", `an index lists ${step.listed.digest}, which is nowhere`);
    }
    if (!step.isIndex) images.push(step);
  }
  const [image] = images;
  if (image !== undefined && images.length === 1) return image;
  throw new AciError("this is no container image that an ACI could be made of: it is a list of what has no platform");
}

/** A client that names a platform refuses an ACI for another, whatever the index says of it. */
function checkPlatform(config: Uint8Array | null, wanted: Platform | null): void {
  if (config === null) throw new AciError(`the image's config has more than ${CONFIG_LIMIT_BYTES} bytes`);
  const { os, architecture, variant } = parseImageConfig(config);
  aciPlatform({ os, architecture, variant });
  const offered: Platform = { os, architecture, ...(variant === "" ? {} : { variant }) };
  if (wanted === null || platformFits(wanted, offered)) return;
  throw new RegistryError(
    "MANIFEST_UNKNOWN",
    `the image is for ${formatPlatform(offered)} alone, and ${formatPlatform(wanted)} was asked for`,
  );
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
