import type { ByteRange } from "../../lib/text/byte-range.ts";
import { algorithmOf, type Digest, digestOf } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobBody, BlobStore, StoredUpload, UploadId, UploadReader, UploadStore } from "../blobs.ts";

type Content = { bytes: Uint8Array<ArrayBuffer>; modifiedAtMs: number };

/** Blobs and uploads in memory, for tests of what stands on them. */
export class MemoryBlobs {
  readonly #blobs = new Map<Digest, Content>();
  readonly #uploads = new Map<UploadId, Content>();
  readonly #busy = new Set<UploadId>();

  readonly blobs: BlobStore = {
    size: async (digest: Digest) => this.#blobs.get(digest)?.bytes.byteLength ?? null,
    read: async (digest: Digest, range: ByteRange | null): Promise<BlobBody | null> => {
      const content = this.#blobs.get(digest);
      if (content === undefined) return null;
      return new Blob([range === null ? content.bytes : content.bytes.subarray(range.start, range.end)]);
    },
    remove: async (digest: Digest) => this.#blobs.delete(digest),
    list: () => this.#listBlobs(),
    writtenAtMs: async (digest: Digest) => this.#blobs.get(digest)?.modifiedAtMs ?? null,
  };

  readonly uploads: UploadStore = {
    create: async (id: UploadId) => {
      this.#uploads.set(id, { bytes: new Uint8Array(), modifiedAtMs: Date.now() });
    },
    size: async (id: UploadId) => this.#uploads.get(id)?.bytes.byteLength ?? null,
    append: (id, chunks, limitBytes, onWritten) =>
      this.#whileBusy(id, () => this.#append(id, chunks, limitBytes, onWritten ?? (() => {}))),
    open: async (id: UploadId) => this.#read(id),
    commit: async (id: UploadId, digest: Digest) => this.#commit(id, digest),
    abort: async (id: UploadId) => this.#uploads.delete(id),
    list: () => this.#listUploads(),
    isBusy: (id: UploadId) => this.#busy.has(id),
  };

  async #whileBusy<T>(id: UploadId, work: () => Promise<T>): Promise<T> {
    this.#busy.add(id);
    return work().finally(() => this.#busy.delete(id));
  }

  #read(id: UploadId): UploadReader | null {
    const upload = this.#uploads.get(id);
    if (upload === undefined) return null;
    return {
      read: async (position, length) => Buffer.from(upload.bytes.subarray(position, position + length)),
      close: async () => {},
    };
  }

  async #append(
    id: UploadId,
    chunks: AsyncIterable<Uint8Array>,
    limitBytes: number,
    onWritten: (size: number) => void,
  ): Promise<number> {
    const upload = this.#upload(id);
    for await (const chunk of chunks) {
      if (upload.bytes.byteLength + chunk.byteLength > limitBytes) {
        throw new RegistryError("SIZE_INVALID", `the upload holds more than ${limitBytes} bytes`);
      }
      upload.bytes = new Uint8Array(Buffer.concat([upload.bytes, chunk]));
      upload.modifiedAtMs = Date.now();
      onWritten(upload.bytes.byteLength);
    }
    return upload.bytes.byteLength;
  }

  #commit(id: UploadId, digest: Digest): number {
    const upload = this.#upload(id);
    this.#uploads.delete(id);
    const actual = digestOf(upload.bytes, algorithmOf(digest));
    if (actual !== digest)
      throw new RegistryError("DIGEST_INVALID", `the content's digest is ${actual}, not ${digest}`);
    this.#blobs.set(digest, upload);
    return upload.bytes.byteLength;
  }

  #upload(id: UploadId): Content {
    const upload = this.#uploads.get(id);
    if (upload === undefined) throw new RegistryError("BLOB_UPLOAD_UNKNOWN", `there is no upload ${id}`);
    return upload;
  }

  async *#listBlobs(): AsyncIterable<Digest> {
    yield* this.#blobs.keys();
  }

  async *#listUploads(): AsyncIterable<StoredUpload> {
    for (const [id, { bytes, modifiedAtMs }] of this.#uploads) yield { id, size: bytes.byteLength, modifiedAtMs };
  }
}
