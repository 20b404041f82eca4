import type { Descriptor } from "../oci/descriptor.ts";
import { type Digest, algorithmOf, hexOf } from "../oci/digest.ts";
import { parseManifest } from "../oci/manifest.ts";
import { isIndexType } from "../oci/media-type.ts";
import type { Tag } from "../oci/tag.ts";
import type { ManifestStore, StoredManifest, TagStore } from "../storage/metadata.ts";
import { candidateNames, type SearchOrder, upstreamTargets } from "./candidates.ts";
import type { Target } from "./locate.ts";
import { behalfFor, type ManifestOrigin, type OnBehalf } from "./origin.ts";

/** Answers what refers to a manifest: signatures, SBOMs, attestations. */
export class Referrers {
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;
  readonly #origin: ManifestOrigin;
  readonly #order: SearchOrder;

  constructor(manifests: ManifestStore, tags: TagStore, origin: ManifestOrigin, order: SearchOrder) {
    this.#manifests = manifests;
    this.#tags = tags;
    this.#origin = origin;
    this.#order = order;
  }

  /**
   * Descriptors of the referrers, those of `artifactType` when it is not null. Empty when there are none, the repository
   * included. What older clients keep in a fallback tag counts as well (distribution-spec v1.1.1, "Referrers Tag Schema").
   */
  async list(
    target: Target,
    subject: Digest,
    artifactType: string | null,
    behalf: OnBehalf,
  ): Promise<readonly Descriptor[]> {
    for (const upstream of upstreamTargets(target, this.#order))
      await this.#origin.referrers(upstream, subject, behalfFor(target, behalf));
    const found = new Map<Digest, Descriptor>();
    for (const repository of candidateNames(target, this.#order)) {
      for (const manifest of await this.#manifests.listReferrers(repository, subject)) {
        found.set(manifest.digest, describe(manifest));
      }
      const fallback = await this.#tags.getTagged(
        repository,
        `${algorithmOf(subject)}-${hexOf(subject).slice(0, 64)}` as Tag,
      );
      if (fallback === null || !isIndexType(fallback.manifest.mediaType)) continue;
      for (const descriptor of parseManifest(fallback.manifest.bytes, fallback.manifest.mediaType).manifests) {
        if (!found.has(descriptor.digest)) found.set(descriptor.digest, descriptor);
      }
    }
    const all = [...found.values()];
    return artifactType === null ? all : all.filter((descriptor) => descriptor.artifactType === artifactType);
  }
}

function describe(stored: StoredManifest): Descriptor {
  const manifest = parseManifest(stored.bytes, stored.mediaType);
  return {
    mediaType: stored.mediaType,
    digest: stored.digest,
    size: stored.bytes.byteLength,
    ...(manifest.artifactType === null ? {} : { artifactType: manifest.artifactType }),
    ...(Object.keys(manifest.annotations).length === 0 ? {} : { annotations: manifest.annotations }),
  };
}
