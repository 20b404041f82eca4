import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Digest } from "../../oci/digest.ts";
import { type Manifest, parseManifest } from "../../oci/manifest.ts";
import { MEDIA_TYPE } from "../../oci/media-type.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import { formatReference, type Reference } from "../../oci/reference.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryPath } from "../../oci/repository-name.ts";
import { parseTag, type Tag } from "../../oci/tag.ts";
import type { ManifestSource, ImageSink as RegistryWriter } from "../../upstream/registry-client.ts";
import type { ImageSink } from "../image-sink.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import { EMPTY_INDEX, formatRawIndex, parseRawIndex } from "../raw-index.ts";

/**
 * The place that `reference` names in the registry of `client`. `mountFrom` is a repository of that registry whose
 * blobs may be taken over without sending them; null when there is none.
 */
export function registrySink(
  client: ManifestSource & RegistryWriter,
  reference: Reference,
  mountFrom: RepositoryPath | null,
  signal: AbortSignal,
): ImageSink {
  const { path, tag, digest: wanted } = reference;
  const location = `docker://${formatReference(reference)}`;
  const referrersTags = new ReferrersTags(client, path, signal);
  const put = async (content: ManifestContent, name: Tag | Digest) => {
    const { subjectSeen } = await client.putManifest(path, name, content, { signal });
    if (!subjectSeen) await referrersTags.add(content);
  };
  return {
    location,
    accept: () => Promise.resolve(),
    async putBlob(blob) {
      const outcome = await client.pushBlob(path, blob, { signal, ...(mountFrom === null ? {} : { mountFrom }) });
      return outcome === "uploaded" ? "copied" : outcome;
    },
    putManifest: (content, underTag) => put(content, underTag === null ? content.digest : parseTag(underTag)),
    async putImage(content) {
      if (wanted !== null && wanted !== content.digest) {
        throw new RegistryError("DIGEST_INVALID", `${location} cannot hold an image whose digest is ${content.digest}`);
      }
      await put(content, tag ?? content.digest);
      return tag === null ? null : formatReference({ ...reference, digest: null });
    },
    close: () => Promise.resolve(),
    // Blobs and manifests without a tag are what a registry's own housekeeping removes.
    abort: () => Promise.resolve(),
  };
}

/**
 * For registries that do not keep referrers by themselves: a tag named after the subject lists them.
 * Source: distribution-spec v1.1.1, "Pushing Manifests with Subject".
 */
class ReferrersTags {
  readonly #client: ManifestSource & RegistryWriter;
  readonly #path: RepositoryPath;
  readonly #signal: AbortSignal;
  readonly #turns = new KeyedMutex<Digest>();

  constructor(client: ManifestSource & RegistryWriter, path: RepositoryPath, signal: AbortSignal) {
    this.#client = client;
    this.#path = path;
    this.#signal = signal;
  }

  /** Lists `content` under its subject's tag; nothing when it has no subject. */
  async add(content: ManifestContent): Promise<void> {
    const manifest = parseManifest(content.bytes, content.mediaType);
    if (manifest.subject === null) return;
    const tag = referrersTag(manifest.subject.digest);
    await this.#turns.run(manifest.subject.digest, async () => {
      const present = await this.#client.getManifest(this.#path, tag, { signal: this.#signal });
      const index = present === null ? EMPTY_INDEX : parseRawIndex(present.bytes);
      if (index.manifests.some(({ digest }) => digest === content.digest)) return;
      const bytes = formatRawIndex({
        ...index,
        manifests: [...index.manifests, referrerDescriptor(content, manifest)],
      });
      await this.#client.putManifest(
        this.#path,
        tag,
        { bytes, mediaType: MEDIA_TYPE.ociIndex },
        { signal: this.#signal },
      );
    });
  }
}

function referrerDescriptor({ bytes, digest }: ManifestContent, manifest: Manifest) {
  const { mediaType, artifactType, annotations } = manifest;
  return { mediaType, digest, size: bytes.length, ...(artifactType === null ? {} : { artifactType }), annotations };
}
