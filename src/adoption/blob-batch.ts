import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import { type IntakeWay, newUploadId, type Spooled, uploadLease } from "../storage/blobs.ts";
import type { BlobTransitionStore } from "../storage/collection.ts";
import type { TagKind } from "../storage/metadata.ts";
import type { ImportParts } from "./import-parts.ts";

/** Nobody takes the lease for longer than one file is read, and those that are kept with it. */
const LEASE_MS = 86_400_000;
/** Links that one transaction makes. */
const LINKED_AT_ONCE = 200;

type Taken = { readonly spooled: Spooled; readonly lease: string; readonly fence: number | null };

/** Blobs that were taken in, and are kept and linked together. */
export class BlobBatch {
  readonly #parts: ImportParts;
  readonly #repository: RepositoryName;
  readonly #kind: TagKind;
  readonly #taken = new Map<Digest, Taken>();
  /** The bytes that were taken in since it was last kept. */
  bytes = 0;

  constructor(parts: ImportParts, repository: RepositoryName, kind: TagKind) {
    this.#parts = parts;
    this.#repository = repository;
    this.#kind = kind;
  }

  get count(): number {
    return this.#taken.size;
  }

  /** Takes in a file. Null when it has another digest. Throws as `FileIntake.take`. */
  async take(path: string, digest: Digest, onBytes: (bytes: number) => void): Promise<IntakeWay | null> {
    const { intake, metadata } = this.#parts;
    const id = newUploadId();
    // A hard link is as old as its file, and uploads expire.
    const lease = uploadLease(id);
    const fence = await metadata.leases.acquire(lease, "import", LEASE_MS);
    const taken = await intake.take(id, path, digest, onBytes).catch(async (error: unknown) => {
      await this.#release(lease, fence);
      throw error;
    });
    if (taken === null) {
      await this.#release(lease, fence);
      return null;
    }
    this.#taken.set(digest, { spooled: taken.spooled, lease, fence });
    this.bytes += taken.spooled.size;
    return taken.way;
  }

  /** Keeps what was taken in, and links it: it survives a power cut when this returns. */
  async keep(): Promise<void> {
    if (this.#taken.size === 0) return;
    const { blobs, metadata, now } = this.#parts;
    const taken = new Map(this.#taken);
    try {
      await arriveAll(metadata.transitions, [...taken.keys()], async () => {
        await blobs.putAll(new Map([...taken].map(([digest, { spooled }]) => [digest, spooled])));
        const sizes = [...taken].map(([digest, { spooled }]) => [digest, spooled.size] as const);
        for (let at = 0; at < sizes.length; at += LINKED_AT_ONCE) {
          const some = new Map(sizes.slice(at, at + LINKED_AT_ONCE));
          await metadata.links.linkBlobs(this.#repository, some, now(), this.#kind);
        }
      });
    } finally {
      // A hard link to what is in the blob's place already is still there.
      await this.drop();
    }
  }

  /** Forgets what was taken in. */
  async drop(): Promise<void> {
    const taken = [...this.#taken.values()];
    this.#taken.clear();
    this.bytes = 0;
    for (const { spooled, lease, fence } of taken) {
      await spooled.drop();
      await this.#release(lease, fence);
    }
  }

  async #release(lease: string, fence: number | null): Promise<void> {
    if (fence !== null) await this.#parts.metadata.leases.release(lease, fence);
  }
}

/** Runs work during which all of these blobs are arriving. */
async function arriveAll(
  transitions: Pick<BlobTransitionStore, "arrive">,
  digests: readonly Digest[],
  work: () => Promise<void>,
): Promise<void> {
  const end = Promise.withResolvers<void>();
  const arrivals = digests.map((digest) => {
    const begun = Promise.withResolvers<void>();
    const done = transitions.arrive(digest, async () => {
      begun.resolve();
      await end.promise;
    });
    return { begun: begun.promise, done };
  });
  try {
    await Promise.all(arrivals.map(({ begun, done }) => Promise.race([begun, done])));
    await work();
  } finally {
    end.resolve();
    await Promise.all(arrivals.map(({ done }) => done));
  }
}
