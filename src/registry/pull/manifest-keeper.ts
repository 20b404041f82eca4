import { KeyedMutex } from "../../lib/async/keyed-mutex.ts";
import type { Turns } from "../../lib/async/turns.ts";
import { type Manifest, manifestSteps } from "../../oci/manifest.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import type { Tag } from "../../oci/tag.ts";
import { NO_CAUSE } from "../../storage/events.ts";
import type { ManifestStore, StoredManifest } from "../../storage/metadata.ts";
import type { FetchedManifest } from "../../upstream/registry-client.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { isAttachment } from "../../signatures/attachment-layers.ts";
import { ImageRefused } from "../signatures/image-refused.ts";
import { isReferrersList } from "../signatures/signature-guard.ts";
import { cachedManifest } from "./cached-manifest.ts";
import type { ImageGuard, PullContext } from "./origin.ts";
import type { BestEffortWrites } from "./best-effort-writes.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Manifests above this are taken in one after the other: read, the largest ones fill 50 MB each. */
const LARGE_BYTES = 256 << 10;

/** Stores manifests that upstream sent. */
export class ManifestKeeper {
  readonly #store: ManifestStore;
  readonly #bestEffort: BestEffortWrites;
  readonly #turns: Turns;
  readonly #guard: ImageGuard;
  readonly #now: () => number;
  readonly #largeOnes = new KeyedMutex<"large">();

  constructor(
    store: ManifestStore,
    { bestEffort, guard }: { readonly bestEffort: BestEffortWrites; readonly guard: ImageGuard },
    turns: Turns,
    now: () => number,
  ) {
    this.#store = store;
    this.#bestEffort = bestEffort;
    this.#guard = guard;
    this.#turns = turns;
    this.#now = now;
  }

  /**
   * Stores a manifest as a cached one, if it can be, and points the tag at it. Its blobs come when they are asked for.
   * Throws an `UpstreamError` for what is no manifest, and ImageRefused for what lacks a signature: that is not kept.
   */
  keep(
    repository: Repository,
    fetched: FetchedManifest,
    tag: Tag | null,
    context: PullContext,
  ): Promise<StoredManifest> {
    const take = () => this.#take(repository, fetched, tag, context);
    // One that is taken in waits for its signatures, and these cannot wait for it.
    const isLarge = fetched.bytes.byteLength > LARGE_BYTES && context.isForSignature !== true;
    return isLarge ? this.#largeOnes.run("large", take) : take();
  }

  async #take(
    repository: Repository,
    { bytes, digest, mediaType }: FetchedManifest,
    tag: Tag | null,
    context: PullContext,
  ): Promise<StoredManifest> {
    const parsed = await this.#parse(repository, bytes, mediaType);
    const manifest: StoredManifest = { digest, mediaType: parsed.mediaType, bytes };
    await this.#assertSigned(repository, manifest, parsed, tag, context);
    const { cause = NO_CAUSE } = context;
    const put = { ...cachedManifest(manifest, parsed, tag, this.#now()), cause };
    const keep = () => this.#store.putManifest(nameOf(repository), put);
    await this.#bestEffort.attempt("a manifest from upstream", keep);
    return manifest;
  }

  /** Throws ImageRefused for what is not to be kept: where a signature is required, and none is there. */
  async #assertSigned(
    repository: Repository,
    manifest: StoredManifest,
    parsed: Manifest,
    tag: Tag | null,
    context: PullContext,
  ): Promise<void> {
    const name = nameOf(repository);
    if (this.#guard.isFree(name, name) || isAttachment(parsed)) return;
    // To look for the signatures of what should be one would lead from one to the next.
    if (context.isForSignature === true && !isReferrersList(manifest, tag)) {
      throw new ImageRefused(`${name}@${manifest.digest} is no signature, and is not kept as one`, null);
    }
    await this.#guard.admit({ asked: repository, found: repository, manifest, tag }, context);
  }

  async #parse(repository: Repository, bytes: Uint8Array, mediaType: string | null): Promise<Manifest> {
    try {
      return await this.#turns.begin().finish(manifestSteps(bytes, mediaType));
    } catch (cause) {
      const why = describeFailure(cause);
      throw new UpstreamError(
        { kind: "protocol" },
        `${repository.namespace} sent something for ${nameOf(repository)} that is no manifest: ${why}`,
        { cause },
      );
    }
  }
}
