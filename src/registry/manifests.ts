import { algorithmOf, type Digest, digestOf } from "../oci/digest.ts";
import { type Manifest, parseManifest } from "../oci/manifest.ts";
import { isIndexType, isNonDistributable } from "../oci/media-type.ts";
import { RegistryError } from "../oci/registry-error.ts";
import type { Tag } from "../oci/tag.ts";
import type { ManifestStore, StoredManifest, TagStore } from "../storage/metadata.ts";
import { type Candidate, candidateNames, candidatesOf, nameOf, type SearchOrder } from "./candidates.ts";
import type { Target } from "./locate.ts";
import { manifestUnknown } from "./not-found.ts";

/** What a client names a manifest by. */
export type ManifestReference =
  | { readonly kind: "tag"; readonly tag: Tag }
  | { readonly kind: "digest"; readonly digest: Digest };

/** A manifest in answer to a pull. `warning` is for the `Warning` header: the answer is older than it should be. */
export type FoundManifest = { readonly manifest: StoredManifest; readonly warning: string | null };

/** A manifest as a push brings it. */
export type PushedManifest = {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  readonly reference: ManifestReference;
  /** More tags for it, when it is pushed by digest. */
  readonly tags: readonly Tag[];
};

/** What a push of a manifest came to. */
export type ManifestReceipt = { readonly digest: Digest; readonly subject: Digest | null };

/** Pulls, pushes and deletions of manifests. */
export class Manifests {
  readonly #store: ManifestStore;
  readonly #tags: TagStore;
  readonly #order: SearchOrder;
  readonly #now: () => number;

  constructor(store: ManifestStore, tags: TagStore, order: SearchOrder, now: () => number) {
    this.#store = store;
    this.#tags = tags;
    this.#order = order;
    this.#now = now;
  }

  /** The manifest that answers for a reference. Throws MANIFEST_UNKNOWN, saying where it was looked for. */
  async get(target: Target, reference: ManifestReference): Promise<FoundManifest> {
    const candidates = candidatesOf(target, this.#order);
    const found =
      reference.kind === "tag"
        ? await this.#byTag(candidates, reference.tag)
        : await this.#byDigest(candidates, reference.digest);
    if (found === null) throw manifestUnknown(target, reference, candidates);
    return { manifest: found, warning: null };
  }

  /** Stores a manifest. Throws MANIFEST_INVALID, MANIFEST_BLOB_UNKNOWN, DIGEST_INVALID. */
  async put(target: Target, pushed: PushedManifest): Promise<ManifestReceipt> {
    const { reference } = pushed;
    const algorithm = reference.kind === "digest" ? algorithmOf(reference.digest) : "sha256";
    const digest = digestOf(pushed.bytes, algorithm);
    if (reference.kind === "digest" && reference.digest !== digest) {
      throw new RegistryError("DIGEST_INVALID", `the manifest's digest is ${digest}, not ${reference.digest}`);
    }
    const manifest = parseManifest(pushed.bytes, pushed.contentType);
    const missing = await this.#store.putManifest(nameOf(target), {
      manifest: { digest, mediaType: manifest.mediaType, bytes: pushed.bytes },
      requiredBlobs: requiredBlobs(manifest),
      borrowFrom: candidateNames(target, this.#order).slice(1),
      references: referencesOf(manifest),
      subject: manifest.subject?.digest ?? null,
      tags: reference.kind === "tag" ? [reference.tag, ...pushed.tags] : pushed.tags,
      kind: "pushed",
      atMs: this.#now(),
    });
    if (missing.length > 0) throw missingBlobs(target, missing);
    return { digest, subject: manifest.subject?.digest ?? null };
  }

  /** Removes a tag (the manifest stays), or a manifest with all of its tags. Throws MANIFEST_UNKNOWN. */
  async delete(target: Target, reference: ManifestReference): Promise<void> {
    const name = nameOf(target);
    const gone =
      reference.kind === "tag"
        ? (await this.#tags.deleteTag(name, reference.tag)) !== null
        : await this.#store.deleteManifest(name, reference.digest, false, this.#now());
    if (!gone) throw manifestUnknown(target, reference, [{ target, pushedOnly: false }]);
  }

  /** A pushed tag anywhere wins over a cached one of the first choice. */
  async #byTag(candidates: readonly Candidate[], tag: Tag): Promise<StoredManifest | null> {
    let cached: StoredManifest | null = null;
    for (const { target, pushedOnly } of candidates) {
      const found = await this.#tags.getTagged(nameOf(target), tag);
      if (found?.tag.kind === "pushed") return found.manifest;
      if (found !== null && !pushedOnly) cached ??= found.manifest;
    }
    return cached;
  }

  async #byDigest(candidates: readonly Candidate[], digest: Digest): Promise<StoredManifest | null> {
    for (const { target } of candidates) {
      const found = await this.#store.getManifest(nameOf(target), digest);
      if (found !== null) return found;
    }
    return null;
  }
}

/** The blobs that must be here before the manifest may be: all but those that are never pushed. */
function requiredBlobs(manifest: Manifest): readonly Digest[] {
  const layers = manifest.layers.filter((layer) => !isNonDistributable(layer.mediaType));
  return unique([...(manifest.config === null ? [] : [manifest.config]), ...layers].map((blob) => blob.digest));
}

/** What the manifest holds on to. An index may list manifests that are not here (yet, or ever: it is then sparse). */
function referencesOf(manifest: Manifest): readonly Digest[] {
  const listed = isIndexType(manifest.mediaType) ? manifest.manifests.map((child) => child.digest) : [];
  return unique([...requiredBlobs(manifest), ...listed]);
}

function unique(digests: readonly Digest[]): readonly Digest[] {
  return [...new Set(digests)];
}

function missingBlobs(target: Target, missing: readonly Digest[]): RegistryError {
  return new RegistryError(
    "MANIFEST_BLOB_UNKNOWN",
    `the manifest names ${missing.length} blob(s) that ${nameOf(target)} does not hold: ${missing.join(", ")}; push them first`,
    { detail: missing.map((digest) => ({ digest })) },
  );
}
