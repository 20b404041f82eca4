import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { AciError } from "../aci/aci-error.ts";
import type { ImageSource as AciImageSource, LayerSource } from "../aci/convert/image-source.ts";
import type { ImageSource, SourceImage } from "../images/image-source.ts";
import { readManifest } from "../images/copy/manifest-tree.ts";
import { openBlob } from "../images/open-blob.ts";
import { narrowImage } from "../images/copy/narrow-image.ts";
import { readBlob } from "../images/copy/read-blob.ts";
import { verifiedBlob } from "../images/copy/verified-blob.ts";
import { Turns } from "../lib/async/turns.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { Digest } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType, MEDIA_TYPE } from "../oci/media-type.ts";

/** An image of a source as conversions take it, and the digests of its layers from the bottom up. */
export type FoundAciImage = AciImageSource & { readonly layerDigests: readonly Digest[] };

/** Opens an image of a source for a conversion: one platform of it, its layers checked while they are read. */
export async function aciImageOf(
  source: ImageSource,
  image: SourceImage,
  selection: PlatformSelection,
  signal: AbortSignal,
): Promise<FoundAciImage> {
  const root = await readManifest(source, image.digest);
  const chosen = await narrowImage(source, root, selection, new Turns().begin(signal));
  const { config, layers } = parseManifest(chosen.bytes, chosen.mediaType);
  const isImage = config?.mediaType === MEDIA_TYPE.ociConfig || config?.mediaType === MEDIA_TYPE.dockerConfig;
  if (config === null || !isImage || isIndexType(chosen.mediaType)) {
    throw new AciError(
      `${image.name ?? image.digest} of ${source.location} is no container image that can be converted: it is ${config?.mediaType ?? chosen.mediaType}`,
    );
  }
  return {
    manifestDigest: image.isBuilt ? null : chosen.digest,
    config: await readBlob(source, config),
    layers: layers.map((layer) => layerOf(source, layer)),
    layerDigests: layers.map(({ digest }) => digest),
  };
}

/** Layers are read twice; the first reading goes to the end, and checks the digest. */
function layerOf(source: ImageSource, layer: Descriptor): LayerSource {
  let isChecked = false;
  const read = async function* () {
    const blob = await openBlob(source, layer);
    yield* await (isChecked ? blob.stream(0) : verifiedBlob(layer, blob, source.location, () => {}).open(0));
    isChecked = true;
  };
  return { open: read };
}

/**
 * Fetches the layers of an image into a folder below `directory`: conversions read layers twice, and a registry is to
 * be asked once. `remove` deletes the folder.
 */
export async function fetchLayers(
  image: AciImageSource,
  directory: string,
  signal: AbortSignal,
): Promise<{ readonly image: AciImageSource; readonly remove: () => Promise<void> }> {
  const folder = await mkdtemp(join(directory, "larder-aci-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const layers: LayerSource[] = [];
    for (const [number, layer] of image.layers.entries()) {
      const path = join(folder, String(number));
      await pipeline(Readable.from(layer.open()), createWriteStream(path), { signal });
      layers.push({ open: () => Bun.file(path).stream() });
    }
    return { image: { ...image, layers }, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
