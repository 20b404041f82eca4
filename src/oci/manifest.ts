/**
 * Manifests: what larder reads out of them. The bytes themselves are kept and served as they came.
 *
 * Sources: image-spec v1.1.1, manifest.md and image-index.md; image-spec v1.1.0-rc2, artifact.md (withdrawn, still
 * pushed by older tools); Docker's image manifest version 2, schema 1 and schema 2.
 */
import { jsonSteps } from "../lib/text/json-steps.ts";
import type { Descriptor } from "./descriptor.ts";
import { quoteBriefly } from "./digest.ts";
import { descriptorSteps, invalidManifest, type ManifestFields, readFields, toDescriptor } from "./manifest-fields.ts";
import { isIndexType, isManifestType, MEDIA_TYPE } from "./media-type.ts";

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

/** Documents up to this size are parsed in one step: it takes less than a millisecond. */
const AT_ONCE_BYTES = 32_768;

/**
 * Reads a manifest.
 *
 * `contentType` is what the sender called it (parameters such as `charset` allowed), null when it said nothing: then
 * the document's own `mediaType` counts, or else its shape. Throws MANIFEST_INVALID, naming the field.
 */
export function parseManifest(bytes: Uint8Array, contentType: string | null): Manifest {
  return finish(interpret(readFields(parseJson(() => JSON.parse(decode(bytes)))), contentType));
}

/**
 * Reads a manifest as `parseManifest` does, in steps of a few milliseconds at most, however long its lists are: for what
 * a stranger wrote. Throws MANIFEST_INVALID as well for one that has tens of thousands of values elsewhere.
 */
export function* manifestSteps(bytes: Uint8Array, contentType: string | null): Generator<void, Manifest, void> {
  if (bytes.byteLength <= AT_ONCE_BYTES) return parseManifest(bytes, contentType);
  const reading = parseJson(() => jsonSteps(decode(bytes)));
  for (;;) {
    const step = parseJson(() => reading.next());
    if (step.done === true) return yield* interpret(readFields(step.value), contentType);
    yield;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
}

function parseJson<T>(parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalidManifest("it is not JSON", cause);
  }
}

function* interpret(value: ManifestFields, contentType: string | null): Generator<void, Manifest, void> {
  const mediaType = manifestMediaType(value, contentType?.split(";")[0]?.trim().toLowerCase() || null);
  checkShape(value, mediaType);
  const layers = yield* descriptorSteps("layers", value.layers);
  const blobs = yield* descriptorSteps("blobs", value.blobs);
  const schema1 = yield* descriptorSteps("fsLayers", value.fsLayers);
  const manifests = yield* descriptorSteps("manifests", value.manifests);
  const config = value.config == null ? null : toDescriptor(value.config, MEDIA_TYPE.ociConfig);
  return {
    mediaType,
    config,
    layers: [layers, blobs, schema1].flat(),
    manifests,
    subject: value.subject == null ? null : toDescriptor(value.subject, MEDIA_TYPE.ociManifest),
    artifactType: value.artifactType || (config === null ? null : config.mediaType),
    annotations: value.annotations ?? {},
  };
}

function finish<T>(steps: Iterator<void, T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

function manifestMediaType(value: ManifestFields, contentType: string | null): string {
  if (value.mediaType !== undefined && value.mediaType !== "") {
    if (contentType !== null && isManifestType(contentType) && contentType !== value.mediaType) {
      throw invalidManifest(
        `Content-Type says ${quoteBriefly(contentType)}, its mediaType ${quoteBriefly(value.mediaType)}`,
      );
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
function checkShape(value: ManifestFields, mediaType: string): void {
  if (!isManifestType(mediaType))
    throw invalidManifest(`the media type ${quoteBriefly(mediaType)} is not a manifest's`);
  if (isIndexType(mediaType)) {
    if (value.config != null || value.layers != null) throw invalidManifest("an index cannot have config or layers");
  } else if (value.manifests != null) {
    throw invalidManifest("an image manifest cannot have a list of manifests");
  }
  const needsConfig = mediaType === MEDIA_TYPE.ociManifest || mediaType === MEDIA_TYPE.dockerManifest;
  if (needsConfig && value.config == null) throw invalidManifest('field "config" is missing');
  const schema1 = mediaType === MEDIA_TYPE.dockerSchema1 || mediaType === MEDIA_TYPE.dockerSchema1Signed;
  if (!schema1 && mediaType !== MEDIA_TYPE.ociArtifact && value.schemaVersion !== 2) {
    throw invalidManifest(`schemaVersion is ${JSON.stringify(value.schemaVersion) ?? "missing"}; it must be 2`);
  }
}
