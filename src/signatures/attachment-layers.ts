import { isIndexType } from "../oci/media-type.ts";
import type { Manifest } from "../oci/manifest.ts";

/** The layer of cosign's older signatures. */
export const SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json";
/** Layers of the Notary project's signatures. */
export const NOTATION_JWS = "application/jose+json";
export const NOTATION_COSE = "application/cose";

/** Is it a sigstore bundle's type, of any version? */
export function isBundleType(mediaType: string): boolean {
  return mediaType.startsWith("application/vnd.dev.sigstore.bundle");
}

/** Attestations and bills of materials, as cosign, BuildKit, Syft, Trivy and oras attach them. */
const DOCUMENTS: readonly string[] = [
  "application/vnd.dsse.envelope.v1+json",
  "application/vnd.in-toto+json",
  "application/spdx+json",
  "application/vnd.cyclonedx+json",
  "application/vnd.cyclonedx+xml",
  "application/vnd.syft+json",
  "application/vnd.openvex+json",
  "application/sarif+json",
  "text/spdx",
  "text/spdx+xml",
  "text/spdx+json",
];

/**
 * Is a manifest nothing but a signature, an attestation or a bill of materials? It is judged by its layers, which nobody can
 * run: what it calls itself, and under which tag it lies, is its maker's word.
 */
export function isAttachment(manifest: Manifest): boolean {
  const { layers, mediaType } = manifest;
  return !isIndexType(mediaType) && layers.length > 0 && layers.every((layer) => isAttachmentLayer(layer.mediaType));
}

function isAttachmentLayer(mediaType: string): boolean {
  const isSignature = mediaType === SIMPLE_SIGNING || mediaType === NOTATION_JWS || mediaType === NOTATION_COSE;
  return isSignature || isBundleType(mediaType) || DOCUMENTS.includes(mediaType);
}
