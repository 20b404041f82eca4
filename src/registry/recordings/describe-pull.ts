import type { Work } from "../../lib/async/turns.ts";
import { parseAttachmentTag } from "../../oci/attachment-tag.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { CONFIG_LIMIT_BYTES, configSteps, isJsonType, platformOfConfig } from "../../oci/image-config.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import { listedManifests } from "../../oci/manifest-references.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { formatPlatform, isNamedPlatform, type Platform } from "../../oci/platform.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { type NotedPull, PARTS_LIMIT, type RecordedPull } from "../../storage/recordings.ts";
import type { Blobs } from "../pull/blobs.ts";
import type { SeenPull } from "./seen-pull.ts";

type Kind = RecordedPull["kind"];

/** No platform has a longer name. */
const PLATFORM_LENGTH = 200;

/** What kinds of artifacts call themselves that belong to images. */
const ATTACHED: readonly (readonly [RegExp, Kind])[] = [
  [/notary|signature|cosign|sigstore/i, "signature"],
  [/in-toto|attestation|provenance/i, "attestation"],
  [/spdx|cyclonedx|sbom/i, "sbom"],
];

/**
 * Tells of a pull what its manifest says. `isOpen`: its platform is not known yet, since its config is not here; to be asked
 * again. What cannot be read is an artifact.
 */
export async function describePull(
  { manifest: served, repository, tag, ...asked }: SeenPull,
  blobs: Pick<Blobs, "readHere">,
  work: Work,
): Promise<{ readonly pull: NotedPull; readonly isOpen: boolean }> {
  const { digest, bytes, mediaType } = served;
  const common = { repository, tag, digest, ...asked };
  const manifest = await readOrNull(bytes, mediaType, work);
  if (manifest === null) {
    const unread = { kind: "artifact", platform: null, sizeBytes: bytes.byteLength, parts: [] } as const;
    return { pull: { ...common, ...unread }, isOpen: false };
  }
  const kind = kindOf(manifest, tag);
  const { config, layers } = manifest;
  const blobBytes = layers.reduce((sum, layer) => sum + layer.size, config?.size ?? 0);
  const sizeBytes = Math.min(bytes.byteLength + blobBytes, Number.MAX_SAFE_INTEGER);
  const found = kind === "image" && config !== null ? await platformOf(config, repository, blobs, work) : null;
  const pull = { ...common, kind, platform: nameOf(found), sizeBytes, parts: partsOf(manifest) };
  return { pull, isOpen: kind === "image" && config !== null && isJsonType(config.mediaType) && found === null };
}

async function readOrNull(bytes: Uint8Array, mediaType: string, work: Work): Promise<Manifest | null> {
  try {
    return await work.finish(manifestSteps(bytes, mediaType));
  } catch (error) {
    if (error instanceof RegistryError) return null;
    throw error;
  }
}

function kindOf({ mediaType, artifactType, config, subject, layers }: Manifest, tag: string | null): Kind {
  const attachment = tag === null ? null : parseAttachmentTag(tag);
  if (attachment !== null && !attachment.isReferrersTag) {
    return tag?.endsWith(".sig") === true ? "signature" : tag?.endsWith(".att") === true ? "attestation" : "sbom";
  }
  if (isIndexType(mediaType)) return "index";
  if (subject === null && (config === null || isImageConfig(config.mediaType))) return "image";
  const types = [artifactType ?? "", ...layers.slice(0, 8).map((layer) => layer.mediaType)];
  return ATTACHED.find(([pattern]) => types.some((type) => pattern.test(type)))?.[1] ?? "artifact";
}

function isImageConfig(mediaType: string): boolean {
  return mediaType.includes(".image.config.") || mediaType.includes(".container.image.");
}

/** Null where it is not here, or tells nothing. */
async function platformOf(
  { digest, mediaType }: Descriptor,
  repository: SeenPull["repository"],
  blobs: Pick<Blobs, "readHere">,
  work: Work,
): Promise<Platform | null> {
  if (!isJsonType(mediaType)) return null;
  const bytes = await blobs.readHere(repositoryOf(repository), digest, CONFIG_LIMIT_BYTES);
  return bytes === null ? null : platformOfConfig(await work.finish(configSteps(bytes)));
}

function partsOf(manifest: Manifest): NotedPull["parts"] {
  const listed = new Map(listedManifests(manifest).map(({ digest, platform }) => [digest, nameOf(platform ?? null)]));
  return [...listed].slice(0, PARTS_LIMIT).map(([digest, platform]) => ({ digest, platform }));
}

function nameOf(platform: Platform | null): string | null {
  if (platform === null || !isNamedPlatform(platform)) return null;
  return formatPlatform(platform).slice(0, PLATFORM_LENGTH);
}
