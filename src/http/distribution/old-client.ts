import { MEDIA_TYPE } from "../../oci/media-type.ts";
import type { Platform } from "../../oci/platform.ts";
import { bestListed } from "../../oci/choose-platforms.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { Repository } from "../../oci/repository.ts";
import type { LocatedManifest, Manifests } from "../../registry/pull/manifests.ts";
import type { Call } from "./call.ts";

const OLD_PLATFORM: Platform = { os: "linux", architecture: "amd64" };

/**
 * Chooses the manifest for clients from before manifest lists (Docker up to 1.9), which ask by tag and accept no list:
 * they get linux/amd64's image out of a *Docker* manifest list, as distribution does. All others get what is stored: a
 * digest that a client checks must not change on the way.
 */
export async function chooseForOldClient(
  { request, context }: Call,
  repository: Repository,
  found: LocatedManifest,
  manifests: Manifests,
): Promise<LocatedManifest> {
  if (found.manifest.mediaType !== MEDIA_TYPE.dockerList) return found;
  const accept = request.headers.get("accept") ?? "";
  const acceptsImages = accept.includes(MEDIA_TYPE.dockerManifest);
  if (!acceptsImages || accept.includes(MEDIA_TYPE.dockerList) || accept.includes("*/*")) return found;
  const { manifests: listed } = await manifests.read(found.manifest);
  const child = bestListed(listed, OLD_PLATFORM);
  if (child === null) {
    throw new RegistryError(
      "MANIFEST_UNKNOWN",
      "the image is a list without one for linux/amd64, and the client accepts no list",
    );
  }
  return manifests.get(repository, { kind: "digest", digest: child.digest }, context);
}
