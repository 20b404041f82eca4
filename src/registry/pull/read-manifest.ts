import type { Work } from "../../lib/async/turns.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import type { StoredManifest } from "../../storage/metadata.ts";

/** Parses a stored manifest, in turns. Throws MANIFEST_INVALID for one that takes too long to read. */
export function readManifest(stored: StoredManifest, work: Work): Promise<Manifest> {
  return work.finish(manifestSteps(stored.bytes, stored.mediaType));
}
