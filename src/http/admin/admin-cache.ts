import type { CacheProgress } from "../../admin/admin.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import type { Repository } from "../../oci/repository.ts";
import type { ImageCacher } from "../../registry/images/image-cacher.ts";
import type { ManifestReference } from "../../registry/names/manifest-reference.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import { formatLine, linesResponse, streamLines } from "./admin-lines.ts";
import type { AdminCall } from "./admin-resources.ts";

/** Why an image cannot be fetched at all: larder is offline, or does not stand in for its registry. Null when it can. */
export function whyUnreachable(upstreams: Upstreams, reference: Reference): RegistryError | null {
  const name = formatReference(reference);
  if (upstreams.offline) {
    return new RegistryError(
      "UPSTREAM_UNAVAILABLE",
      `${name} cannot be fetched: larder is offline; switch it with \`larder offline off\`, or bring the image with \`larder upload\``,
    );
  }
  const { namespace } = reference;
  if (namespace === LOCAL || upstreams.knows(namespace)) return null;
  return new RegistryError(
    "DENIED",
    `${name} cannot be fetched: this larder does not stand in for ${namespace}; start it with --stand-in ${namespace}`,
  );
}

/**
 * Brings an image here. The answer begins at once and is a line for each event, so that whoever waits sees how it goes;
 * one who no longer listens does not stop it.
 */
export function streamCaching(
  cacher: ImageCacher,
  repository: Repository,
  reference: ManifestReference,
  selection: PlatformSelection,
  { reportFault }: AdminCall,
): Response {
  return streamLines<CacheProgress>(async (tell) => {
    await cacher.cache(repository, reference, selection, tell);
    return { kind: "done" };
  }, reportFault);
}

/** The answer for an image that is here, and that upstream cannot be asked about. */
export function alreadyHere(digest: string, warning: string): Response {
  const events: readonly CacheProgress[] = [{ kind: "resolved", digest, warning }, { kind: "done" }];
  return linesResponse(events.map(formatLine).join(""));
}
