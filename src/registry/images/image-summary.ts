import { JsonTooComplex, jsonSteps } from "../../lib/text/json-steps.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { formatPlatform, normalizePlatform, type Platform } from "../../oci/platform.ts";

/** What a manifest says, for people and programs that look at an image. Sizes are bytes. */
export type ImageSummary = {
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** The images of an index; `platform` is null where it names none. */
  readonly platforms: readonly { readonly platform: string | null; readonly digest: Digest }[];
  readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number; readonly mediaType: string }[];
  /** What it refers to: a signature's image. */
  readonly subject: Digest | null;
  readonly annotations: Readonly<Record<string, string>>;
};

/** No platform has a longer name. */
const NAME_LENGTH = 200;

/** A config larger than this is not read. */
export const CONFIG_LIMIT_BYTES = 4 << 20;

/** The summary of a manifest. */
export function summaryOf({
  mediaType,
  artifactType,
  manifests,
  layers,
  subject,
  annotations,
}: Manifest): ImageSummary {
  return {
    mediaType,
    artifactType,
    platforms: manifests.map(({ digest, platform }) => ({ platform: tryNamePlatform(platform), digest })),
    layers: layers.map(({ digest, size, mediaType }) => ({ digest, sizeBytes: size, mediaType })),
    subject: subject?.digest ?? null,
    annotations,
  };
}

/** `linux/amd64`; null for a platform that says nothing, as BuildKit's attestations do (`unknown/unknown`). */
export function tryNamePlatform(platform: Platform | undefined): string | null {
  if (platform === undefined || platform.os === "" || platform.os === "unknown") return null;
  return formatPlatform(platform).slice(0, NAME_LENGTH);
}

/** Is this the media type of a config that is worth reading: JSON? */
export function isJsonType(mediaType: string): boolean {
  return mediaType.endsWith("json");
}

/** A config, parsed; null when it is not JSON: an artifact's config may be anything. */
export function tryParseConfig(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** As `tryParseConfig`, in steps; null as well for one that takes too long to read. */
export function* configSteps(bytes: Uint8Array): Generator<void, unknown, void> {
  try {
    return yield* jsonSteps(new TextDecoder().decode(bytes));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof JsonTooComplex) return null;
    throw error;
  }
}

/** The platform that an image's config names; null when it names none. Source: image-spec v1.1.1, config.md. */
export function platformOfConfig(config: unknown): string | null {
  if (config === null || typeof config !== "object") return null;
  const { os, architecture, variant } = config as Record<string, unknown>;
  if (typeof os !== "string" || typeof architecture !== "string" || os === "") return null;
  const platform = normalizePlatform({ os, architecture, ...(typeof variant === "string" ? { variant } : {}) });
  return formatPlatform(platform).slice(0, NAME_LENGTH);
}
