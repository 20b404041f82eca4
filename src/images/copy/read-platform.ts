import * as v from "valibot";
import { parseManifest } from "../../oci/manifest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { normalizePlatform, type Platform } from "../../oci/platform.ts";
import type { ImageSource, ManifestContent } from "../image-source.ts";
import { readBlob } from "./read-blob.ts";

const configPlatform = v.looseObject({
  os: v.pipe(v.string(), v.nonEmpty()),
  architecture: v.pipe(v.string(), v.nonEmpty()),
  variant: v.optional(v.string()),
});

/** The platform that an image's config names; null for what is no image, and for configs that do not say. */
export async function readPlatform(source: ImageSource, content: ManifestContent): Promise<Platform | null> {
  const { config } = parseManifest(content.bytes, content.mediaType);
  if (config === null || !(config.mediaType === MEDIA_TYPE.ociConfig || config.mediaType === MEDIA_TYPE.dockerConfig)) {
    return null;
  }
  const parsed = v.safeParse(
    v.pipe(v.string(), v.parseJson(), configPlatform),
    new TextDecoder().decode(await readBlob(source, config)),
  );
  if (!parsed.success) return null;
  const { os, architecture, variant } = parsed.output;
  return normalizePlatform({ os, architecture, ...(variant ? { variant } : {}) });
}
