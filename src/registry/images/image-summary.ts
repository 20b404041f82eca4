import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { listedManifests } from "../../oci/manifest-references.ts";
import { isManifestType } from "../../oci/media-type.ts";
import { formatPlatform, isNamedPlatform, type Platform } from "../../oci/platform.ts";

/** A manifest's content for people and programs that inspect an image. Sizes are bytes. */
export type ImageSummary = {
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** The images of an index; `platform` is null where it names none. */
  readonly platforms: readonly { readonly platform: string | null; readonly digest: Digest }[];
  /** The layers of an image; the blobs that an index lists, as that of a build cache does. */
  readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number; readonly mediaType: string }[];
  /** What it refers to: a signature's image. */
  readonly subject: Digest | null;
  readonly annotations: Readonly<Record<string, string>>;
};

/** No platform has a longer name. */
const NAME_LENGTH = 200;

/** Summarizes a manifest; `platforms` are those that the configs of an index's images name. */
export function summaryOf(manifest: Manifest, platforms: ReadonlyMap<Digest, Platform | null>): ImageSummary {
  const { mediaType, artifactType, subject, annotations } = manifest;
  const layers = [...manifest.layers, ...manifest.manifests.filter((entry) => !isManifestType(entry.mediaType))];
  return {
    mediaType,
    artifactType,
    platforms: listedManifests(manifest).map(({ digest, platform }) => ({
      platform: tryNamePlatform(platform ?? platforms.get(digest)),
      digest,
    })),
    layers: layers.map(({ digest, size, mediaType }) => ({ digest, sizeBytes: size, mediaType })),
    subject: subject?.digest ?? null,
    annotations,
  };
}

/**
 * Formats a platform, as `linux/amd64`; null for one that says nothing, as BuildKit's attestations do
 * (`unknown/unknown`).
 */
export function tryNamePlatform(platform: Platform | null | undefined): string | null {
  if (platform == null || !isNamedPlatform(platform)) return null;
  return formatPlatform(platform).slice(0, NAME_LENGTH);
}
