import { RegistryError } from "./registry-error.ts";

/** No index that people make is deeper, or has more below it. */
const DEPTH_LIMIT = 8;
const MANIFESTS_LIMIT = 2000;
const BYTES_LIMIT = 256 << 20;

/** Limits a walk through one image to what an image can be. */
export class ImageBounds {
  #manifests = 0;
  #bytes = 0;

  /** Counts a manifest, `depth` indexes below the first one. Throws MANIFEST_INVALID for what no image is. */
  enter({ bytes }: { readonly bytes: Uint8Array }, depth: number): void {
    this.#manifests++;
    this.#bytes += bytes.byteLength;
    if (this.#bytes > BYTES_LIMIT) throw tooMuch();
    this.expect(0, depth);
  }

  /** Counts a config that is read to know its image's platform. Throws as `enter` does. */
  enterConfig(sizeBytes: number): void {
    this.#bytes += sizeBytes;
    if (this.#bytes > BYTES_LIMIT) throw tooMuch();
  }

  /** Looks ahead: so many more manifests are to be read. Throws as `enter` does, before anything is asked for. */
  expect(count: number, depth: number): void {
    if (depth > DEPTH_LIMIT || this.#manifests + count > MANIFESTS_LIMIT) throw tooMuch();
  }
}

function tooMuch(): RegistryError {
  return new RegistryError("MANIFEST_INVALID", "the manifest is not valid: what it lists is too deep, or too much");
}
