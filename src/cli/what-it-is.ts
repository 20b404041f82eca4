import { whyNoContainerImage } from "../oci/container-image.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";

type ShownManifest = { readonly mediaType: string; readonly manifestBase64: string };

/** What an image holds besides what its platforms and layers show; null for a container image and for an index of them. */
export function whatItIs(shown: ShownManifest): string | null {
  const what = whyNoContainerImage(readShown(shown));
  return what === "an index" ? null : what;
}

/** The digests of the attestations that an index lists, by the annotation with which BuildKit marks them. */
export function attestationsIn(shown: ShownManifest): ReadonlySet<string> {
  const marked = readShown(shown).manifests.filter(
    ({ annotations }) => annotations?.["vnd.docker.reference.type"] === "attestation-manifest",
  );
  return new Set(marked.map(({ digest }) => digest));
}

function readShown({ mediaType, manifestBase64 }: ShownManifest): Manifest {
  return parseManifest(Buffer.from(manifestBase64, "base64"), mediaType);
}
