import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";
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

/** What cosign and the Notary project call their manifests. */
const ARTIFACTS: readonly string[] = [
  "application/vnd.cncf.notary.signature",
  "application/vnd.dev.cosign.artifact.sig.v1+json",
  SIMPLE_SIGNING,
];

/** Is it an artifact type of signatures? A sigstore bundle may be an attestation, too. */
export function isSignatureType(artifactType: string): boolean {
  return ARTIFACTS.includes(artifactType) || isBundleType(artifactType);
}

/**
 * Those of the referrers of an image that may be signatures, the surest first: some clients write no type, or the config's, into
 * the list under a referrers tag.
 */
export function likelySignatures(referrers: readonly Descriptor[]): readonly Digest[] {
  const isSure = ({ artifactType = "" }: Descriptor) => isSignatureType(artifactType);
  const isOpen = ({ artifactType }: Descriptor) =>
    artifactType === undefined || artifactType === MEDIA_TYPE.ociEmpty || artifactType === MEDIA_TYPE.ociConfig;
  return [...referrers.filter(isSure), ...referrers.filter(isOpen)].map(({ digest }) => digest);
}

/** Text that is in every manifest of a signature: most of what refers to an image is none, and need not be read. */
const MARKS = [SIMPLE_SIGNING, NOTATION_JWS, NOTATION_COSE, "vnd.dev.sigstore.bundle"].map((mark) => Buffer.from(mark));

/** May a manifest be that of a signature? */
export function looksLikeSignature(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return MARKS.some((mark) => text.includes(mark));
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
  const { layers, mediaType, config } = manifest;
  // Docker's images are told by their configs, and some engines look at nothing else.
  if (config?.mediaType === MEDIA_TYPE.dockerConfig) return false;
  return !isIndexType(mediaType) && layers.length > 0 && layers.every((layer) => isAttachmentLayer(layer.mediaType));
}

function isAttachmentLayer(mediaType: string): boolean {
  const isSignature = mediaType === SIMPLE_SIGNING || mediaType === NOTATION_JWS || mediaType === NOTATION_COSE;
  return isSignature || isBundleType(mediaType) || DOCUMENTS.includes(mediaType);
}
