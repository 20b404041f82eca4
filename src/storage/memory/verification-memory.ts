import type { Digest } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import { NO_CAUSE } from "../events.ts";
import type { Page } from "../page.ts";
import type {
  BlobHolder,
  RecordedBlob,
  RottenBlob,
  RottenBlobStore,
  VerificationPass,
  VerificationStore,
} from "../verification.ts";
import type { MemoryEvents } from "./events-memory.ts";

/** What the verification in memory asks the rest of the store. */
export type MemoryContent = {
  blobs(): readonly RecordedBlob[];
  holders(digest: Digest): readonly BlobHolder[];
  linking(digest: Digest): readonly RepositoryName[];
};

/** The state of the verification in memory. */
export class MemoryVerification implements VerificationStore {
  readonly #content: MemoryContent;
  #pass: VerificationPass | null = null;

  constructor(content: MemoryContent) {
    this.#content = content;
  }

  async readPass(): Promise<VerificationPass | null> {
    return this.#pass;
  }

  async savePass(pass: VerificationPass): Promise<void> {
    this.#pass = pass;
  }

  async listBlobs({ after, limit }: Page): Promise<readonly RecordedBlob[]> {
    return sorted(this.#content.blobs())
      .filter(({ digest }) => digest > (after ?? ""))
      .slice(0, limit);
  }
}

/** Rotten blobs in memory. */
export class MemoryRottenBlobs implements RottenBlobStore {
  readonly #content: MemoryContent;
  readonly #events: MemoryEvents;
  readonly #rotten = new Map<Digest, RottenBlob>();

  constructor(content: MemoryContent, events: MemoryEvents) {
    this.#content = content;
    this.#events = events;
  }

  async note(rotten: RottenBlob): Promise<boolean> {
    const { digest } = rotten;
    if (!this.#content.blobs().some((blob) => blob.digest === digest)) return false;
    const known = this.#rotten.get(digest);
    this.#rotten.set(digest, known === undefined ? rotten : { ...rotten, sinceMs: known.sinceMs });
    if (known === undefined) this.#tell("damaged", digest, rotten.sinceMs);
    return known === undefined;
  }

  async heal(digest: Digest, atMs: number): Promise<boolean> {
    if (!this.#rotten.delete(digest)) return false;
    this.#tell("healed", digest, atMs);
    return true;
  }

  async find(digest: Digest): Promise<RottenBlob | null> {
    return this.#all().find((one) => one.digest === digest) ?? null;
  }

  async list({ after, limit }: Page): Promise<readonly RottenBlob[]> {
    return this.#all()
      .filter(({ digest }) => digest > (after ?? ""))
      .slice(0, limit);
  }

  async count() {
    const counts = { damaged: 0, missing: 0, unreadable: 0 };
    for (const { rot } of this.#all()) counts[rot]++;
    return counts;
  }

  async findHolders(digest: Digest, limit: number): Promise<readonly BlobHolder[]> {
    return this.#content.holders(digest).slice(0, limit);
  }

  async findLinking(digest: Digest, limit: number): Promise<readonly RepositoryName[]> {
    return this.#content.linking(digest).slice(0, limit);
  }

  /** Those that have a record still. */
  #all(): readonly RottenBlob[] {
    const recorded = new Set(this.#content.blobs().map(({ digest }) => digest));
    return sorted([...this.#rotten.values()].filter(({ digest }) => recorded.has(digest)));
  }

  #tell(kind: "damaged" | "healed", digest: Digest, atMs: number): void {
    const nothing = { repository: null, tag: null, mediaType: null, sizeBytes: null };
    this.#events.add({ ...NO_CAUSE, ...nothing, kind, digest, atMs });
  }
}

function sorted<T extends { readonly digest: Digest }>(items: readonly T[]): readonly T[] {
  return items.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
}
