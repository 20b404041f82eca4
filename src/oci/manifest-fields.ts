import * as v from "valibot";
import type { Descriptor } from "./descriptor.ts";
import { type Digest, quoteBriefly, tryParseDigest } from "./digest.ts";
import { MEDIA_TYPE } from "./media-type.ts";
import type { Platform } from "./platform.ts";
import { RegistryError } from "./registry-error.ts";

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
  "os.features": v.nullish(v.array(v.string())),
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
const schema1Layer = v.looseObject({ blobSum: digest });
const fields = v.looseObject({
  schemaVersion: v.optional(v.number()),
  mediaType: v.optional(v.string()),
  artifactType: v.nullish(v.string()),
  config: v.nullish(descriptor),
  layers: v.nullish(v.array(v.unknown())),
  blobs: v.nullish(v.array(v.unknown())),
  manifests: v.nullish(v.array(v.unknown())),
  subject: v.nullish(descriptor),
  annotations: v.nullish(annotations),
  fsLayers: v.optional(v.array(v.unknown())),
});

/** A manifest's document as it was written; the entries of its lists have not been checked. */
export type ManifestFields = v.InferOutput<typeof fields>;

/** The lists of manifests of all types, which can be long. */
export type ManifestList = "layers" | "blobs" | "manifests" | "fsLayers";

/** Entries that are read before others may have their turn: they take 100 µs. */
const STEP_ENTRIES = 32;

/** Checks the shape of a document, but for the entries of its lists. Throws MANIFEST_INVALID, naming the field. */
export function readFields(document: unknown): ManifestFields {
  return checked(fields, document, "");
}

/** Reads the entries of a list, in steps; none when it is not there. Throws MANIFEST_INVALID, naming the field. */
export function* descriptorSteps(
  list: ManifestList,
  entries: readonly unknown[] | null | undefined,
): Generator<void, readonly Descriptor[], void> {
  const descriptors: Descriptor[] = [];
  for (const [index, entry] of (entries ?? []).entries()) {
    descriptors.push(readEntry(list, entry, `${list}.${index}`));
    if (index % STEP_ENTRIES === STEP_ENTRIES - 1) yield;
  }
  return descriptors;
}

/** A descriptor in the one shape for all; `defaultType` where it names no media type. */
export function toDescriptor(value: v.InferOutput<typeof descriptor>, defaultType: string): Descriptor {
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

/** The error for a document that is no manifest. */
export function invalidManifest(why: string, cause?: unknown): RegistryError {
  return new RegistryError("MANIFEST_INVALID", `the manifest is not valid: ${why}`, { cause });
}

function readEntry(list: ManifestList, entry: unknown, path: string): Descriptor {
  if (list !== "fsLayers") {
    return toDescriptor(checked(descriptor, entry, path), list === "manifests" ? MEDIA_TYPE.ociManifest : "");
  }
  const { blobSum } = checked(schema1Layer, entry, path);
  const mediaType = "application/vnd.docker.container.image.rootfs.diff+x-gtar";
  return { mediaType, digest: blobSum as Digest, size: 0 };
}

function toPlatform(value: v.InferOutput<typeof platform>): Platform {
  return {
    os: value.os ?? "",
    architecture: value.architecture ?? "",
    ...(value.variant ? { variant: value.variant } : {}),
    ...(value["os.version"] ? { osVersion: value["os.version"] } : {}),
    ...(value["os.features"]?.length ? { osFeatures: value["os.features"] } : {}),
  };
}

function checked<Schema extends v.GenericSchema>(schema: Schema, value: unknown, path: string): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const field = [path, v.getDotPath(issue) ?? ""].filter((part) => part !== "").join(".");
  throw invalidManifest(field === "" ? issue.message : `field ${quoteBriefly(field)}: ${issue.message}`);
}
