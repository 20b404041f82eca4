import type { Work } from "../../lib/async/turns.ts";
import { type ArtifactFacts, nameArtifact, PREDICATE_ANNOTATIONS } from "../../oci/artifact-kind.ts";
import { attachmentTagsOf } from "../../oci/attachment-tag.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Manifest } from "../../oci/manifest.ts";
import { isIndexType, MEDIA_TYPE } from "../../oci/media-type.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import { MANIFESTS_AT_ONCE, type ManifestStore, type StoredManifest, type TagStore } from "../../storage/metadata.ts";
import type { Referrers } from "../images/referrers.ts";
import type { PullContext } from "../pull/origin.ts";
import { readManifest } from "../pull/read-manifest.ts";
import type { OpenImage } from "./image-part.ts";

/** What refers to an image, as far as it is here. */
export type ImageReferrer = {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly artifactType: string | null;
  /** What it is, in words; its type where no words are known. */
  readonly kind: string;
  /** cosign's tag that leads to it; null: it names the image itself, or the referrers tag lists it. */
  readonly tag: Tag | null;
  readonly isHere: boolean;
  /** Its layers together. */
  readonly sizeBytes: number;
  readonly annotations: Readonly<Record<string, string>>;
};

type Found = { readonly descriptor: Descriptor; readonly tag: Tag | null };

/** Lists what refers to images: by the referrers API, the referrers tag, and the tags of cosign. Nothing is asked of upstream. */
export class ImageReferrers {
  readonly #referrers: Referrers;
  readonly #manifests: ManifestStore;
  readonly #tags: TagStore;

  constructor(store: { readonly manifests: ManifestStore; readonly tags: TagStore }, referrers: Referrers) {
    this.#referrers = referrers;
    this.#manifests = store.manifests;
    this.#tags = store.tags;
  }

  /** A page in the order of digests. */
  async list(
    { repository, manifest: { digest: subject } }: OpenImage,
    page: { readonly after: Digest | null; readonly limit: number },
    context: PullContext,
    work: Work,
  ): Promise<{ readonly referrers: readonly ImageReferrer[]; readonly next: Digest | null }> {
    const question = { artifactType: null, after: page.after };
    const here = { ...context, isHereOnly: true };
    const { descriptors, next: more } = await this.#referrers.page(repository, subject, question, here, null);
    const found = new Map<Digest, Found>();
    for (const one of await this.#tagged(nameOf(repository), subject)) {
      if (page.after === null || one.descriptor.digest > page.after) found.set(one.descriptor.digest, one);
    }
    for (const descriptor of descriptors) {
      if (!found.has(descriptor.digest)) found.set(descriptor.digest, { descriptor, tag: null });
    }
    const sorted = [...found.values()].sort((a, b) => (a.descriptor.digest < b.descriptor.digest ? -1 : 1));
    const known = more === null ? sorted : sorted.filter(({ descriptor }) => descriptor.digest <= more);
    const shown = known.slice(0, page.limit);
    const next = shown.length < known.length ? (shown.at(-1)?.descriptor.digest ?? null) : more;
    return { referrers: await this.#describe(nameOf(repository), shown, work), next };
  }

  async #tagged(name: ReturnType<typeof nameOf>, subject: Digest): Promise<readonly Found[]> {
    const [, ...tags] = attachmentTagsOf(subject);
    const found: Found[] = [];
    for (const tag of tags) {
      const tagged = await this.#tags.getTagged(name, tag);
      if (tagged === null) continue;
      const { digest, mediaType, bytes } = tagged.manifest;
      found.push({ descriptor: { digest, mediaType, size: bytes.byteLength }, tag });
    }
    return found;
  }

  async #describe(
    name: ReturnType<typeof nameOf>,
    found: readonly Found[],
    work: Work,
  ): Promise<readonly ImageReferrer[]> {
    const described: ImageReferrer[] = [];
    for (let at = 0; at < found.length; at += MANIFESTS_AT_ONCE) {
      const some = found.slice(at, at + MANIFESTS_AT_ONCE);
      const digests = some.map(({ descriptor }) => descriptor.digest);
      const here = await this.#manifests.getManifests([name], digests);
      for (const one of some) {
        const stored = here.get(one.descriptor.digest)?.manifest ?? null;
        const manifest = stored === null ? null : await tryRead(stored, work);
        described.push(manifest === null ? listedOnly(one, stored !== null) : describe(one, manifest));
        await work.rest();
      }
    }
    return described;
  }
}

/** Null for one that is none. */
async function tryRead(stored: StoredManifest, work: Work): Promise<Manifest | null> {
  try {
    return await readManifest(stored, work);
  } catch (error) {
    if (error instanceof RegistryError) return null;
    throw error;
  }
}

function listedOnly({ descriptor, tag }: Found, isHere: boolean): ImageReferrer {
  const { digest, mediaType, artifactType = null, annotations = {} } = descriptor;
  const facts = { artifactType, configType: null, layerTypes: [], predicateTypes: predicatesIn([annotations]), tag };
  return {
    digest,
    mediaType,
    artifactType,
    kind: nameArtifact(facts) ?? artifactType ?? mediaType,
    tag,
    isHere,
    sizeBytes: 0,
    annotations,
  };
}

function describe({ descriptor, tag }: Found, manifest: Manifest): ImageReferrer {
  const { artifactType, annotations } = manifest;
  const named = isIndexType(manifest.mediaType) ? "index of artifacts" : (artifactType ?? manifest.mediaType);
  return {
    digest: descriptor.digest,
    mediaType: manifest.mediaType,
    artifactType,
    kind: nameArtifact(artifactFacts(manifest, tag)) ?? named,
    tag,
    isHere: true,
    sizeBytes: manifest.layers.reduce((sum, { size }) => sum + size, 0),
    annotations,
  };
}

function artifactFacts({ artifactType, config, layers, annotations }: Manifest, tag: Tag | null): ArtifactFacts {
  const few = layers.slice(0, 50);
  const isPlain = config?.mediaType === MEDIA_TYPE.ociEmpty || config?.mediaType === MEDIA_TYPE.ociConfig;
  return {
    artifactType,
    configType: config === null || isPlain ? null : config.mediaType,
    layerTypes: [...new Set(few.map(({ mediaType }) => mediaType))],
    predicateTypes: predicatesIn([annotations, ...few.map((layer) => layer.annotations ?? {})]),
    tag,
  };
}

function predicatesIn(all: readonly Readonly<Record<string, string>>[]): readonly string[] {
  const types = all.flatMap((annotations) => PREDICATE_ANNOTATIONS.map((key) => annotations[key]));
  return [...new Set(types.filter((type) => type !== undefined))];
}
