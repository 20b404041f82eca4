import { RegistryError } from "../../oci/registry-error.ts";
import type { StoredManifest } from "../../storage/metadata.ts";

/**
 * An image that is not served, since a signature is required that it lacks. `manifest` is for those who may see it all the
 * same: who pushed it, and who is about to sign it.
 */
export class ImageRefused extends RegistryError {
  readonly manifest: StoredManifest | null;

  constructor(message: string, manifest: StoredManifest | null) {
    super("DENIED", message);
    this.manifest = manifest;
  }
}
