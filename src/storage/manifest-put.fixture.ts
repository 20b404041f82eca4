import type { ManifestPut, StoredManifest } from "./metadata.ts";

/** A push of a manifest that needs nothing and holds on to nothing, unless `more` says otherwise. */
export function putOf(manifest: StoredManifest, more: Partial<ManifestPut> = {}): ManifestPut {
  return {
    manifest,
    requiredBlobs: [],
    borrowFrom: [],
    requiredManifests: [],
    references: [],
    subject: null,
    tags: [],
    kind: "pushed",
    isPart: false,
    atMs: 1,
    ...more,
  };
}
