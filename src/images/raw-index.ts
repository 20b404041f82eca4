import * as v from "valibot";
import { quoteBriefly } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
import { RegistryError } from "../oci/registry-error.ts";

const rawDescriptor = v.looseObject({
  digest: v.string(),
  annotations: v.nullish(v.record(v.string(), v.string())),
});
const rawIndex = v.looseObject({ manifests: v.nullish(v.array(rawDescriptor), []) });

/** An index with all of its fields, those too that larder does not know: for writing one that differs in its list. */
export type RawIndex = v.InferOutput<typeof rawIndex>;
/** An entry of an index, with all of its fields. */
export type RawDescriptor = v.InferOutput<typeof rawDescriptor>;

/** An index without entries, to begin a new one with. */
export const EMPTY_INDEX = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: [] } satisfies RawIndex;

/** Parses an index. Throws MANIFEST_INVALID for anything else. */
export function parseRawIndex(bytes: Uint8Array): RawIndex {
  const { mediaType } = parseManifest(bytes, null);
  if (!isIndexType(mediaType)) {
    throw new RegistryError("MANIFEST_INVALID", `an index was expected, ${quoteBriefly(mediaType)} was found`);
  }
  return v.parse(rawIndex, JSON.parse(new TextDecoder().decode(bytes)));
}

/** Formats an index; the same index gives the same bytes. */
export function formatRawIndex(index: RawIndex): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(index));
}
