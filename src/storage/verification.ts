/**
 * The contract of verification: how far the pass over all blobs has come, and which blobs are known to be rotten.
 *
 * A blob is rotten while it has a record and its bytes cannot be had from here. It is healed in the transaction in which it is
 * linked with bytes that were just hashed, whoever brings them (`BlobLinkStore.linkBlob`), and forgotten with its record.
 */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { Page } from "./page.ts";

/** How far a pass over all blobs, in the order of their digests, has come. Times are in milliseconds since 1970. */
export type VerificationPass = {
  readonly startedAtMs: number;
  /** Null while it is on its way. */
  readonly endedAtMs: number | null;
  /** The last blob that was read; null at the beginning. */
  readonly after: Digest | null;
  /** Blobs that were read, their bytes, and those of them that were rotten. */
  readonly blobs: number;
  readonly bytes: number;
  readonly rotten: number;
  /** When the last pass before this one that came to its end did so; null when none did. */
  readonly lastEndedAtMs: number | null;
};

/** A recorded blob. */
export type RecordedBlob = { readonly digest: Digest; readonly size: number };

/** The state of the pass. */
export interface VerificationStore {
  /** The pass that is on its way or ended last; null when none has begun. */
  readPass(): Promise<VerificationPass | null>;
  /** A power cut may take it: some blobs are then read again. */
  savePass(pass: VerificationPass): Promise<void>;
  /** Recorded blobs in the order of their digests. */
  listBlobs(page: Page): Promise<readonly RecordedBlob[]>;
}

/**
 * What is wrong with a blob's file: its bytes are not those of its digest, and it was set aside; there is none; or it cannot be
 * read.
 */
export type Rot = "damaged" | "missing" | "unreadable";

/** A blob whose bytes cannot be had from here, why, and since when that is known. */
export type RottenBlob = {
  readonly digest: Digest;
  readonly rot: Rot;
  readonly reason: string;
  readonly sinceMs: number;
};

/** An image that needs a blob: by a tag, or by its digest when no tag leads to it. */
export type BlobHolder = {
  readonly repository: RepositoryName;
  /** Null: a manifest of the repository that no tag leads to. */
  readonly tag: Tag | null;
  readonly manifest: Digest;
  /** Null where no tag tells. */
  readonly kind: "pushed" | "cached" | null;
};

/** So many rotten blobs are remembered; of a disk that is lost altogether, the rest is found again by the next pass. */
export const ROTTEN_KEPT = 10_000;

/** The rotten blobs of one store. */
export interface RottenBlobStore {
  /** Notes it, with an event when that is new. False when it is known, or the blob has no record any more. */
  note(rotten: RottenBlob): Promise<boolean>;
  /** Strikes off a blob whose file was found whole, with an event. False when it was not noted. */
  heal(digest: Digest, atMs: number): Promise<boolean>;
  find(digest: Digest): Promise<RottenBlob | null>;
  list(page: Page): Promise<readonly RottenBlob[]>;
  count(): Promise<Readonly<Record<Rot, number>>>;
  /** Images that need the blob, `limit` at most: those by tags first. */
  findHolders(digest: Digest, limit: number): Promise<readonly BlobHolder[]>;
  /** Repositories that link the blob, `limit` at most. */
  findLinking(digest: Digest, limit: number): Promise<readonly RepositoryName[]>;
}
