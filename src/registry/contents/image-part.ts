import type { Descriptor } from "../../oci/descriptor.ts";
import { type Digest, quoteBriefly, tryParseDigest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { isManifestType } from "../../oci/media-type.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { FoundImage, ImageSurvey } from "../images/image-survey.ts";
import type { ImageVisit } from "../images/image-visit.ts";
import type { ImageGuard, PullContext } from "../pull/origin.ts";

/** An image that somebody looks into, and may have. */
export type OpenImage = FoundImage & {
  readonly repository: Repository;
  readonly visit: ImageVisit;
  readonly parsed: Manifest;
};

/** Who looks, and through what. */
export type Looker = { readonly survey: ImageSurvey; readonly guard: ImageGuard; readonly context: PullContext };

/**
 * Finds an image that is here, for one who wants to know what is in it: as for a pull, it has to have the signatures that the rules require. Throws
 * MANIFEST_UNKNOWN, ImageRefused.
 */
export async function openImage(asked: Reference, { survey, guard, context }: Looker): Promise<OpenImage> {
  const found = await survey.find(asked);
  if (found === null) throw new RegistryError("MANIFEST_UNKNOWN", `${formatReference(asked)} is not here`);
  const repository = repositoryOf(found.foundIn);
  if (!guard.isIdle) {
    const { namespace, path } = asked;
    const image = {
      asked: { namespace, path },
      found: repository,
      manifest: found.manifest,
      tag: found.tag?.tag ?? null,
    };
    await guard.admit(image, context);
  }
  const visit = await survey.visit(repository);
  return { ...found, repository, visit, parsed: await visit.parse(found.manifest) };
}

/** The config or a layer of an image, by its digest, whole on disk. Throws DIGEST_INVALID, BLOB_UNKNOWN. */
export async function findPart({ parsed, visit }: OpenImage, text: string): Promise<Descriptor> {
  const digest = tryParseDigest(text);
  if (digest === null) throw new RegistryError("DIGEST_INVALID", `${quoteBriefly(text)} is not a digest`);
  const part = partsOf(parsed).find((one) => one.digest === digest);
  if (part === undefined) throw new RegistryError("BLOB_UNKNOWN", `the image's manifest names no ${digest}`);
  if ((await visit.lacking([part])).size > 0) {
    throw new RegistryError(
      "BLOB_UNKNOWN",
      `${digest} is not here, whole; a pull of the image, or \`larder cache\`, brings it`,
    );
  }
  return part;
}

/** What a manifest names that is no manifest. */
function partsOf({ config, layers, manifests }: Manifest): readonly Descriptor[] {
  const others = manifests.filter(({ mediaType }) => !isManifestType(mediaType));
  return [...(config === null ? [] : [config]), ...layers, ...others];
}

/** The layers of an image, each once. */
export function layerDigests({ layers }: Manifest): readonly Digest[] {
  return [...new Set(layers.map(({ digest }) => digest))];
}
