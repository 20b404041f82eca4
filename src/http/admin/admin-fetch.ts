import type { FetchProgress } from "../../admin/image-schemas.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import type { Upstreams } from "../../registry/pull/upstreams.ts";
import type { LineWork } from "./admin-action.ts";

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

/** What is told of an image that is here, and that upstream cannot be asked about. */
export function alreadyHere(digest: string, warning: string): LineWork<FetchProgress> {
  return {
    work: async (tell) => {
      tell({ kind: "resolved", digest, warning });
      return { kind: "done" };
    },
  };
}
