import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";

/** No index that people make is deeper, or has more below it. */
const DEPTH_LIMIT = 8;
const MANIFESTS_LIMIT = 2000;
const BYTES_LIMIT = 256 << 20;

/** Holds a walk through one image to what an image can be. */
export class ImageBounds {
  #manifests = 0;
  #bytes = 0;

  /** Counts a manifest, `depth` indexes below the first one. Throws MANIFEST_INVALID for what no image is. */
  enter({ bytes }: StoredManifest, depth: number): void {
    this.#manifests++;
    this.#bytes += bytes.byteLength;
    if (depth <= DEPTH_LIMIT && this.#manifests <= MANIFESTS_LIMIT && this.#bytes <= BYTES_LIMIT) return;
    throw new RegistryError("MANIFEST_INVALID", `the manifest is not valid: what it lists is too deep, or too much`);
  }
}
