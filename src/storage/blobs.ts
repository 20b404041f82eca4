/**
 * The contract of blob storage: the `Spool` has bytes on their way, on this machine, for those who read along; the
 * `BlobStore` keeps content that is whole, immutable, under its digest.
 *
 * What every implementation promises (`blobs.contract.ts` tests it):
 * - A blob is visible whole or not at all, and only under the digest that its bytes have.
 * - When `put` has returned, the blob survives a power cut. When `append` has returned or thrown, the bytes that the
 *   upload's `size` tells are those that a power cut leaves.
 * - A reader that has begun goes on to the end, although the blob is removed meanwhile.
 * - Memory does not grow with the size of a blob.
 *
 * Nobody goes past these to a path of a file: where there are no files, there is none.
 */
import type { Digest } from "../oci/digest.ts";
import type { RangeReader } from "../lib/files/range-reader.ts";
import type { ByteRange } from "../lib/text/byte-range.ts";

/** Content to be sent: a `Blob` of Bun's goes out by sendfile. */
export type BlobBody = Blob | ReadableStream<Uint8Array>;

/** An upload in a list. */
export type StoredUpload = { readonly id: UploadId; readonly size: number; readonly modifiedAtMs: number };

declare const uploadBrand: unique symbol;
/** Names an upload: letters, digits and dashes, 80 at most. */
export type UploadId = string & { readonly [uploadBrand]: true };

/** The upload ID that `text` spells, or null when it cannot be one. */
export function tryParseUploadId(text: string): UploadId | null {
  return /^[A-Za-z0-9-]{1,80}$/.test(text) ? (text as UploadId) : null;
}

/** A new upload ID, which nobody can guess. */
export function newUploadId(): UploadId {
  return crypto.randomUUID() as UploadId;
}

/**
 * The complete content of an upload, whose digest has been checked. Whoever stores it takes it out of the spool: by
 * renaming its file, or with `drop`.
 */
export type Spooled = {
  readonly size: number;
  /** Its file; null when it is in none. */
  readonly path: string | null;
  read(): Blob;
  drop(): Promise<unknown>;
};

/** The store of finished blobs. */
export interface BlobStore {
  /**
   * Keeps what was spooled as the blob `digest`, in the place of what is there under the digest, and takes it out of the
   * spool, also when it fails. Returns its size. Throws STORAGE_FULL, WritesRefused.
   */
  put(digest: Digest, spooled: Spooled): Promise<number>;
  /** As `put`, for many: they are made durable together, which is much faster where they are small. */
  putAll(spooled: ReadonlyMap<Digest, Spooled>): Promise<void>;
  /** The size in bytes, or null when the blob is not here. */
  size(digest: Digest): Promise<number | null>;
  /** The content, or the range of it, which must lie inside; null when the blob is not here. Throws when it may not be read. */
  read(digest: Digest, range: ByteRange | null): Promise<BlobBody | null>;
  /**
   * The content as the disk has it, to be checked: past what the system remembers of files, where that can be, so that it
   * neither hides what has become of the disk nor forgets others' files over it. A piece holds until the next one is asked
   * for. Null when the blob is not here.
   */
  scan(digest: Digest): Promise<AsyncIterable<Uint8Array> | null>;
  /** Opens the content to be read here and there; null when the blob is not here. */
  open(digest: Digest): Promise<RangeReader | null>;
  /**
   * A file of this machine with the content, for other programs; null when the blob is not here. It is there for as long as
   * the blob is; a store that is elsewhere fetches it first.
   */
  fileOf(digest: Digest): Promise<string | null>;
  /** Removes a blob and gives its space back. False when it was not here. */
  remove(digest: Digest): Promise<boolean>;
  /** All blobs, in no order. What is not a blob is passed over. */
  list(): AsyncIterable<Digest>;
  /** When the blob was written, in milliseconds since 1970; null when it is not here. */
  writtenAtMs(digest: Digest): Promise<number | null>;
}

/** Uploads in flight. Each is written by one caller at a time; the caller sees to that, by a lease on `uploadLease`. */
export interface Spool {
  /**
   * Begins an empty upload. `algorithm` is a hint of the digest to come: it saves a second reading at `seal`. Throws
   * STORAGE_FULL when there is no space for `expectedBytes`, so that what cannot end well does not begin.
   */
  create(id: UploadId, algorithm: "sha256" | "sha512", expectedBytes?: number): Promise<void>;
  /** The bytes that are here, or null when there is no such upload. */
  size(id: UploadId): Promise<number | null>;
  /**
   * Adds chunks at the end and returns the new size. When the chunks end in an error it is thrown on, and what came
   * before it stays. Throws BLOB_UPLOAD_UNKNOWN, STORAGE_FULL, or SIZE_INVALID beyond `limitBytes` in all.
   * `onWritten` is told the size that readers can see, soon after each chunk.
   */
  append(
    id: UploadId,
    chunks: AsyncIterable<Uint8Array>,
    limitBytes: number,
    onWritten?: (size: number) => void,
  ): Promise<number>;
  /** Opens the bytes so far for reading; goes on to read what is appended, and after it was kept. Null: no such upload. */
  open(id: UploadId): Promise<RangeReader | null>;
  /**
   * The upload, complete, to be kept. Throws BLOB_UPLOAD_UNKNOWN; DIGEST_INVALID when the bytes have another digest: the
   * upload is then gone, since its bytes are wrong.
   */
  seal(id: UploadId, digest: Digest): Promise<Spooled>;
  /** Forgets the upload and gives its space back. False when there is none. */
  drop(id: UploadId): Promise<boolean>;
  /** All uploads, in no order. */
  list(): AsyncIterable<StoredUpload>;
}

/** How a file's content came here: shared by the file system and apart from then on; as a hard link, the very same file; or as a copy. */
export type IntakeWay = "cloned" | "linked" | "copied";

/** Takes files of this machine into the spool, without writing to them. */
export interface FileIntake {
  /**
   * Makes an upload of a file, and reads all of it on the way. `onBytes` is told of each piece that was read. Null, and no upload
   * is left, when it has another digest. What came survives a power cut. Throws what the system says when the file cannot be read or
   * is none (a link is not followed), STORAGE_FULL, WritesRefused.
   */
  take(
    id: UploadId,
    path: string,
    digest: Digest,
    onBytes: (bytes: number) => void,
  ): Promise<{ readonly spooled: Spooled; readonly way: IntakeWay } | null>;
}

/** The name of the lease that whoever writes to an upload holds (`leases.ts`). */
export function uploadLease(id: UploadId): string {
  return `upload ${id}`;
}
