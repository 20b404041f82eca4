import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { digestOf } from "../../oci/digest.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { Descriptor } from "../../oci/descriptor.ts";

/** How layers are compressed. */
export type LayerCompression = "gzip" | "zstd";

/** A layer after it was compressed. */
export type CompressedLayer = Pick<Descriptor, "digest" | "size">;

const PLAIN = new Set(["application/vnd.oci.image.layer.v1.tar", "application/vnd.docker.image.rootfs.diff.tar"]);
const OCI_LAYER = "application/vnd.oci.image.layer.v1.tar";
const DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar";

/** Is this the media type of a layer that is a tar archive as it is? */
export function isPlainLayer(mediaType: string): boolean {
  return PLAIN.has(mediaType);
}

type RawManifest = Record<string, unknown> & {
  readonly mediaType?: string;
  readonly config: RawDescriptor;
  readonly layers: readonly RawDescriptor[];
};
type RawDescriptor = Record<string, unknown> & { readonly mediaType: string; readonly digest: string };

/**
 * The manifest of an image whose plain layers were compressed: `layers` by their former digests. All else stays, the config
 * included, since its diff IDs are those of the plain layers. Docker's manifests know gzip alone, so that with zstd one
 * becomes OCI's.
 */
export function compressedManifest(
  { bytes, mediaType }: ManifestContent,
  layers: ReadonlyMap<string, CompressedLayer>,
  compression: LayerCompression,
): ManifestContent {
  const manifest = JSON.parse(new TextDecoder().decode(bytes)) as RawManifest;
  const isDocker = mediaType === MEDIA_TYPE.dockerManifest;
  const becomesOci = isDocker && compression === "zstd";
  const type = isDocker && !becomesOci ? `${DOCKER_LAYER}.gzip` : `${OCI_LAYER}+${compression}`;
  const packed = manifest.layers.map((layer) => {
    const now = layers.get(layer.digest);
    if (now !== undefined && isPlainLayer(layer.mediaType)) return { ...layer, mediaType: type, ...now };
    return becomesOci ? { ...layer, mediaType: ociLayerType(layer.mediaType) } : layer;
  });
  const config = becomesOci ? { ...manifest.config, mediaType: MEDIA_TYPE.ociConfig } : manifest.config;
  const resultType = becomesOci ? MEDIA_TYPE.ociManifest : mediaType;
  const named = becomesOci ? { mediaType: resultType } : {};
  const result = new TextEncoder().encode(JSON.stringify({ ...manifest, ...named, config, layers: packed }));
  return { bytes: result, mediaType: resultType, digest: digestOf(result) };
}

/** OCI's name for a layer's type of Docker's. */
function ociLayerType(mediaType: string): string {
  switch (mediaType) {
    case DOCKER_LAYER:
      return OCI_LAYER;
    case `${DOCKER_LAYER}.gzip`:
      return `${OCI_LAYER}+gzip`;
    case "application/vnd.docker.image.rootfs.foreign.diff.tar":
      return "application/vnd.oci.image.layer.nondistributable.v1.tar";
    case "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip":
      return "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    default:
      return mediaType;
  }
}
