/**
 * Manifests: what larder reads out of them. The bytes themselves are kept and served as they came.
 *
 * Sources: image-spec v1.1.1, manifest.md and image-index.md; image-spec v1.1.0-rc2, artifact.md (withdrawn, still
 * pushed by older tools); Docker's image manifest version 2, schema 1 and schema 2.
 */
import * as v from "valibot";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, quoteBriefly, tryParseDigest } from "./digest.ts";
import { isIndexType, isManifestType, MEDIA_TYPE } from "./media-type.ts";
import type { Platform } from "./platform.ts";
import { RegistryError } from "./registry-error.ts";

/** What a manifest says, in one shape for all of its types. */
export type Manifest = {
  readonly mediaType: string;
  /** The config of an image; null for indexes and artifacts. */
  readonly config: Descriptor | null;
  /** Layers, in order; an artifact's blobs. */
  readonly layers: readonly Descriptor[];
  /** The manifests that an index lists. */
  readonly manifests: readonly Descriptor[];
  /** What this manifest refers to (a signature's image, say). */
  readonly subject: Descriptor | null;
  /** Its own `artifactType`, else its config's media type; null for an index without one. */
  readonly artifactType: string | null;
  readonly annotations: Readonly<Record<string, string>>;
};

const annotations = v.record(v.string(), v.string());
const digest = v.pipe(
  v.string(),
  v.check((text) => tryParseDigest(text) !== null, "is not a valid digest"),
);
const platform = v.looseObject({
  os: v.optional(v.string()),
  architecture: v.optional(v.string()),
  variant: v.optional(v.string()),
  "os.version": v.optional(v.string()),
});
const descriptor = v.looseObject({
  mediaType: v.optional(v.string()),
  digest,
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  artifactType: v.nullish(v.string()),
  annotations: v.nullish(annotations),
  platform: v.nullish(platform),
  data: v.nullish(v.string()),
  urls: v.nullish(v.array(v.string())),
});
const document = v.looseObject({
  schemaVersion: v.optional(v.number()),
  mediaType: v.optional(v.string()),
  artifactType: v.nullish(v.string()),
  config: v.nullish(descriptor),
  layers: v.nullish(v.array(descriptor)),
  blobs: v.nullish(v.array(descriptor)),
  manifests: v.nullish(v.array(descriptor)),
  subject: v.nullish(descriptor),
  annotations: v.nullish(annotations),
  fsLayers: v.optional(v.array(v.looseObject({ blobSum: digest }))),
});
type Document = v.InferOutput<typeof document>;

/**
 * Reads a manifest.
 *
 * `contentType` is what the sender called it (parameters such as `charset` allowed), null when it said nothing: then
 * the document's own `mediaType` counts, or else its shape. Throws MANIFEST_INVALID, naming the field.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | null): Manifest {
  const parsed = v.safeParse(document, parseJson(bytes));
  if (!parsed.success) {
    const issue = parsed.issues[0];
    const field = v.getDotPath(issue);
    throw invalid(field === null ? issue.message : `field ${quoteBriefly(field)}: ${issue.message}`);
  }
  const value = parsed.output;
  const mediaType = manifestMediaType(value, contentType?.split(";")[0]?.trim().toLowerCase() || null);
  checkShape(value, mediaType);
  const config = value.config == null ? null : toDescriptor(value.config, MEDIA_TYPE.ociConfig);
  const schema1 = (value.fsLayers ?? []).map((layer) => ({
    mediaType: "application/vnd.docker.container.image.rootfs.diff+x-gtar",
    digest: layer.blobSum as Digest,
    size: 0,
  }));
  return {
    mediaType,
    config,
    layers: [...(value.layers ?? []), ...(value.blobs ?? [])].map((d) => toDescriptor(d, "")).concat(schema1),
    manifests: (value.manifests ?? []).map((d) => toDescriptor(d, MEDIA_TYPE.ociManifest)),
    subject: value.subject == null ? null : toDescriptor(value.subject, MEDIA_TYPE.ociManifest),
    artifactType: value.artifactType || (config === null ? null : config.mediaType),
    annotations: value.annotations ?? {},
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw invalid(`it is not JSON (${cause instanceof Error ? cause.message : String(cause)})`, cause);
  }
}

function manifestMediaType(value: Document, contentType: string | null): string {
  if (value.mediaType !== undefined && value.mediaType !== "") {
    if (contentType !== null && isManifestType(contentType) && contentType !== value.mediaType) {
      throw invalid(`Content-Type says ${quoteBriefly(contentType)}, its mediaType ${quoteBriefly(value.mediaType)}`);
    }
    return value.mediaType;
  }
  if (contentType !== null && contentType !== "application/json" && contentType !== "application/octet-stream") {
    return contentType;
  }
  if (value.fsLayers !== undefined) {
    return "signatures" in value ? MEDIA_TYPE.dockerSchema1Signed : MEDIA_TYPE.dockerSchema1;
  }
  return value.manifests == null ? MEDIA_TYPE.ociManifest : MEDIA_TYPE.ociIndex;
}

/** A document that is of one kind by its type and of another by its fields would be read differently by each client. */
function checkShape(value: Document, mediaType: string): void {
  if (!isManifestType(mediaType)) throw invalid(`the media type ${quoteBriefly(mediaType)} is not a manifest's`);
  if (isIndexType(mediaType)) {
    if (value.config != null || value.layers != null) throw invalid("an index cannot have config or layers");
  } else if (value.manifests != null) {
    throw invalid("an image manifest cannot have a list of manifests");
  }
  const needsConfig = mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
  if (needsConfig && value.config == null) throw invalid('field "config" is missing');
  const schema1 = mediaType === MEDIA_TYPE.dockerSchema1 || mediaType === MEDIA_TYPE.dockerSchema1Signed;
  if (!schema1 && mediaType !== MEDIA_TYPE.ociArtifact && value.schemaVersion !== 2) {
    throw invalid(`schemaVersion is ${JSON.stringify(value.schemaVersion) ?? "missing"}; it must be 2`);
  }
}

function toDescriptor(value: v.InferOutput<typeof descriptor>, defaultType: string): Descriptor {
  const platform = value.platform == null ? null : toPlatform(value.platform);
  return {
    mediaType: value.mediaType || defaultType,
    digest: value.digest as Digest,
    size: value.size,
    ...(value.artifactType ? { artifactType: value.artifactType } : {}),
    ...(value.annotations ? { annotations: value.annotations } : {}),
    ...(platform === null ? {} : { platform }),
    ...(value.data == null ? {} : { data: value.data }),
    ...(value.urls ? { urls: value.urls } : {}),
  };
}

function toPlatform(value: v.InferOutput<typeof platform>): Platform {
  return {
    os: value.os ?? "",
    architecture: value.architecture ?? "",
    ...(value.variant ? { variant: value.variant } : {}),
    ...(value["os.version"] ? { osVersion: value["os.version"] } : {}),
  };
}

function invalid(why: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `the manifest is not valid: ${why}`, { cause });
}
