import type { Digest } from "../../oci/digest.ts";
import { parseManifest } from "../../oci/manifest.ts";
import { findReferrers } from "../../oci/referrers.ts";
import { isNonDistributable } from "../../oci/media-type.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { parseTag, type Tag } from "../../oci/tag.ts";
import type { BlobSource, ManifestSource, ReferrerSource } from "../../upstream/registry-client.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { isUpstreamDown, UpstreamError } from "../../upstream/transport/upstream-error.ts";
import type { ImageSource } from "../image-source.ts";
import { isUnsized } from "../open-blob.ts";
import { resumingRead } from "./resuming-read.ts";
import { streamFrom } from "../files/stream-from.ts";

/** The image that `reference` names in the registry of `client`. Broken downloads are resumed. */
export function registrySource(
  client: ManifestSource & BlobSource & ReferrerSource,
  reference: Reference,
  signal: AbortSignal,
): ImageSource {
  const { path, tag, digest: wanted } = reference;
  const location = `docker://${formatReference(reference)}`;
  // Registries count the manifests that are fetched: none is asked for twice.
  const fetched = new Map<Tag | Digest, Promise<ManifestContent | null>>();
  const manifest = (name: Tag | Digest): Promise<ManifestContent | null> => {
    const earlier = fetched.get(name) ?? fetch(name);
    fetched.set(name, earlier);
    return earlier;
  };
  const fetch = async (name: Tag | Digest): Promise<ManifestContent | null> => {
    const found = await client.getManifest(path, name, { signal });
    if (found === null) return null;
    const content = { ...found, mediaType: parseManifest(found.bytes, found.mediaType).mediaType };
    fetched.set(content.digest, Promise.resolve(content));
    return content;
  };
  /** Most images have no such tag; where pulls are counted, a HEAD is free. */
  const mayExist = async (name: Tag): Promise<boolean> => {
    try {
      return (await client.headManifest(path, name, { signal })) !== null;
    } catch (error) {
      // Some registries refuse HEAD: GET will tell.
      if (error instanceof UpstreamError && !isUpstreamDown(error)) return true;
      throw error;
    }
  };
  return {
    location,
    async images() {
      const root = await manifest(wanted ?? tag ?? parseTag("latest"));
      if (root === null) throw new RegistryError("MANIFEST_UNKNOWN", `${location} does not exist`);
      const name = tag === null ? null : formatReference({ ...reference, digest: null });
      return [{ name, digest: root.digest, isBuilt: false }];
    },
    manifest,
    async blob(descriptor) {
      const { digest } = descriptor;
      const isDoubtful = isNonDistributable(descriptor.mediaType);
      const mustAsk = isUnsized(descriptor) || isDoubtful;
      const head = mustAsk ? await orIfNotShown(client.headBlob(path, digest, { signal }), null) : null;
      if (isDoubtful && head === null) return null;
      const sizeBytes = head?.sizeBytes ?? descriptor.size;
      const open = (offset: number) => client.getBlob(path, digest, { signal, offset });
      const name = `the blob ${digest} of ${location}`;
      return { sizeBytes, stream: async (offset) => streamFrom(resumingRead(open, offset, sizeBytes, name, signal)) };
    },
    referrers: (subject) =>
      findReferrers(subject, {
        async listed(digest) {
          const listed = await orIfNotShown(client.listReferrers(path, digest, { signal }), []);
          return listed.map((descriptor) => descriptor.digest);
        },
        async tagged(name) {
          const found = (await mayExist(name)) ? await orIfNotShown(manifest(name), null) : null;
          if (found === null) return null;
          const { manifests } = parseManifest(found.bytes, found.mediaType);
          return { digest: found.digest, lists: manifests.map(({ digest }) => digest) };
        },
      }),
    close: () => Promise.resolve(),
  };
}

/** Registries answer "unauthorized" for what they do not have. */
async function orIfNotShown<T>(asked: Promise<T>, none: T): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof UpstreamError && error.failure.kind === "unauthorized") return none;
    throw error;
  }
}
