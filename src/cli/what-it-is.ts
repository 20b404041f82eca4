import { whyNoContainerImage } from "../oci/container-image.ts";
import { parseManifest } from "../oci/manifest.ts";

/** What an image holds besides what its platforms and layers show; null for a container image and for an index of them. */
export function whatItIs(details: { readonly mediaType: string; readonly manifestBase64: string }): string | null {
  const what = whyNoContainerImage(parseManifest(Buffer.from(details.manifestBase64, "base64"), details.mediaType));
  return what === "an index" ? null : what;
}
