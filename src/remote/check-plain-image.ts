import { mapBounded } from "../lib/async/map-bounded.ts";
import { Turns } from "../lib/async/turns.ts";
import { sourceReader } from "../images/copy/source-reader.ts";
import { registrySource } from "../images/registry/registry-source.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { walkImage } from "../oci/image-walk.ts";
import { parseManifest } from "../oci/manifest.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import type { Reference } from "../oci/reference.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Tag } from "../oci/tag.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { ImageState } from "./image-registry.ts";

const PARALLEL = 8;

/**
 * Checks whether an OCI registry holds an image whole: its manifests, and every blob of the selected ones at its size.
 */
export async function checkPlainImage(
  client: RegistryClient,
  reference: Reference,
  name: Tag | Digest,
  selection: PlatformSelection,
  signal: AbortSignal,
): Promise<ImageState> {
  const missing = new Set<Digest>();
  const fetched = await client.getManifest(reference.path, name, { signal });
  if (fetched === null) return { state: "absent", missing: [], missingCount: 0, reason: null };
  const check = async ({ digest, size }: Descriptor) => {
    const head = await client.headBlob(reference.path, digest, { signal });
    // Manifests of Docker's first version do not tell sizes.
    const isCut = size > 0 && head?.sizeBytes != null && head.sizeBytes !== size;
    if (head === null || isCut) missing.add(digest);
  };
  const incomplete = (reason: string) =>
    ({ state: "incomplete", missing: [...missing], missingCount: missing.size, reason }) as const;
  try {
    const root = { ...fetched, mediaType: parseManifest(fetched.bytes, fetched.mediaType).mediaType };
    const work = new Turns().begin(signal);
    const reader = sourceReader(registrySource(client, reference, signal), PARALLEL, work);
    for await (const step of walkImage(root, { reader, selection, work })) {
      if (step.kind === "missing") missing.add(step.listed.digest);
      else await mapBounded(step.blobs, PARALLEL, check);
    }
  } catch (error) {
    // Another failure says nothing of the image.
    const isOfImage = error instanceof RegistryError && IMAGE_FAULTS.has(error.code);
    if (isOfImage) return incomplete(error.message);
    throw error;
  }
  if (missing.size === 0) return { state: "whole", missing: [], missingCount: 0, reason: null };
  const some = [...missing].slice(0, 3).join(", ");
  return incomplete(`${missing.size} of its parts are not there, or are cut short: ${some}`);
}

const IMAGE_FAULTS: ReadonlySet<string> = new Set(["MANIFEST_UNKNOWN", "MANIFEST_INVALID"]);
