import { quoteBriefly } from "./digest.ts";
import type { Manifest } from "./manifest.ts";
import { isIndexType, MEDIA_TYPE } from "./media-type.ts";

/**
 * Why a manifest is no container image that an engine could run, in words that follow "it is"; null when it is one.
 *
 * An image has a config of Docker's or OCI's type, and layers that are tar archives: signatures and attestations borrow the
 * config's type, and hold JSON.
 */
export function whyNoContainerImage({ mediaType, config, layers, artifactType, manifests }: Manifest): string | null {
  if (mediaType === MEDIA_TYPE.dockerSchema1 || mediaType === MEDIA_TYPE.dockerSchema1Signed) {
    return "an image of Docker's schema 1, which has no config";
  }
  if (isIndexType(mediaType)) {
    return manifests.some(({ mediaType: type }) => type === BUILD_CACHE_CONFIG) ? "a build cache" : "an index";
  }
  if (config?.mediaType === HELM_CONFIG) return "a Helm chart";
  if (config?.mediaType === BUILD_CACHE_CONFIG) return "a build cache";
  if (config?.mediaType !== MEDIA_TYPE.ociConfig && config?.mediaType !== MEDIA_TYPE.dockerConfig) {
    return `an artifact of the type ${quoteBriefly(artifactType ?? mediaType)}`;
  }
  const strange = layers.find((layer) => !isLayerType(layer.mediaType));
  if (strange === undefined) return null;
  if (strange.mediaType.endsWith("+encrypted")) return "an image with encrypted layers";
  return ATTACHED.get(strange.mediaType) ?? `an artifact, with content of the type ${quoteBriefly(strange.mediaType)}`;
}

/** What BuildKit's cache is described by: the one entry of its index that is no layer, or the config. */
const BUILD_CACHE_CONFIG = "application/vnd.buildkit.cacheconfig.v0";
/** By the type of their content. */
const ATTACHED: ReadonlyMap<string, string> = new Map([
  ["application/vnd.in-toto+json", "an attestation"],
  ["application/vnd.dsse.envelope.v1+json", "an attestation"],
  ["application/vnd.dev.cosign.simplesigning.v1+json", "a signature"],
]);
const HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json";

function isLayerType(mediaType: string): boolean {
  return mediaType === "" || LAYER_TYPE.test(mediaType);
}

const LAYER_TYPE =
  /^application\/vnd\.(?:oci\.image\.layer\.(?:nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd))?|docker\.image\.rootfs\.(?:foreign\.)?diff\.tar(?:[.+](?:gzip|zstd))?)$/;
