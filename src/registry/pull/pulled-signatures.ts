import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { isIndexType } from "../../oci/media-type.ts";
import { referrersTag } from "../../oci/referrers-tag.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import { looksLikeSignature } from "../../signatures/attachment-layers.ts";
import type { SignatureSource, SourceManifest } from "../../signatures/signature-source.ts";
import { type ManifestStore, MANIFESTS_AT_ONCE, type StoredManifest, type TagStore } from "../../storage/metadata.ts";
import type { Blobs } from "./blobs.ts";
import type { ManifestOrigin, PullContext } from "./origin.ts";
import { readManifest } from "./read-manifest.ts";

/** Where signatures are kept, and where they come from. */
export type PulledSignaturesParts = {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly origin: ManifestOrigin;
  readonly blobs: () => Pick<Blobs, "readHere" | "readBeginning" | "bring">;
  readonly turns: Turns;
};

/** Referrers of one image that are gone through for signatures. */
const REFERRERS_LIMIT = 2000;

/** The signatures of a repository that are here; where upstream may be asked, those that it has are brought here first. */
export class PulledSignatures implements SignatureSource {
  readonly #parts: PulledSignaturesParts;
  readonly #repository: Repository;
  readonly #name: RepositoryName;
  /** Null: upstream is not asked. */
  readonly #asking: PullContext | null;

  constructor(parts: PulledSignaturesParts, repository: Repository, context: PullContext, reach: "here" | "upstream") {
    this.#parts = parts;
    this.#repository = repository;
    this.#name = nameOf(repository);
    // They are wanted as they are now: who asks has looked at those that are here.
    const now = { isGuess: true, isSeldomThere: true, isForSignature: true, revalidate: true };
    this.#asking = reach === "here" ? null : { ...context, ...now };
  }

  async tagged(tag: Tag): Promise<SourceManifest | null> {
    const here = await this.#parts.tags.getTagged(this.#name, tag);
    if (this.#asking === null) return here?.manifest ?? null;
    const cached = here?.tag.kind === "cached" ? here : null;
    const found = await this.#parts.origin.tag(this.#repository, tag, cached, this.#asking);
    return found?.manifest ?? here?.manifest ?? null;
  }

  async referrers(subject: Digest, limit: number): Promise<readonly SourceManifest[]> {
    if (this.#asking !== null) await this.#parts.origin.signatures(this.#repository, subject, this.#asking);
    const found = new Map<Digest, StoredManifest>();
    for await (const manifest of this.#here(subject)) {
      if (found.size >= limit) break;
      if (looksLikeSignature(manifest.bytes)) found.set(manifest.digest, manifest);
    }
    return [...found.values()];
  }

  blob(digest: Digest, limitBytes: number): Promise<Uint8Array | null> {
    return this.#bring(digest, () => this.#parts.blobs().readHere(this.#repository, digest, limitBytes));
  }

  beginning(digest: Digest, bytes: number): Promise<Uint8Array | null> {
    return this.#bring(digest, () => this.#parts.blobs().readBeginning(this.#repository, digest, bytes));
  }

  /** Reads a blob here; where upstream may be asked, once more after it was brought. */
  async #bring(digest: Digest, read: () => Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const here = await read();
    if (here !== null || this.#asking === null) return here;
    try {
      const download = await this.#parts.blobs().bring(this.#repository, digest, this.#asking);
      await download?.done;
    } catch (error) {
      if (error instanceof RegistryError && error.code === "BLOB_UNKNOWN") return null;
      throw error;
    }
    return read();
  }

  /** What refers to the image and is here: by its subject, and by the list under the referrers tag. */
  async *#here(subject: Digest): AsyncIterable<StoredManifest> {
    const { manifests, tags, turns } = this.#parts;
    const work = turns.begin();
    let left = REFERRERS_LIMIT;
    for (let after: Digest | null = null; left > 0; ) {
      const page: readonly StoredManifest[] = await manifests.listReferrers(this.#name, subject, {
        after,
        limit: MANIFESTS_AT_ONCE,
      });
      yield* page;
      await work.rest();
      left -= page.length;
      after = page.at(-1)?.digest ?? null;
      if (page.length < MANIFESTS_AT_ONCE) break;
    }
    const list = await tags.getTagged(this.#name, referrersTag(subject));
    if (list === null || !isIndexType(list.manifest.mediaType)) return;
    const { manifests: listed } = await readManifest(list.manifest, work);
    for (const { digest } of listed.slice(0, REFERRERS_LIMIT)) {
      const manifest = await manifests.getManifest(this.#name, digest);
      if (manifest !== null) yield manifest;
      await work.rest();
    }
  }
}
