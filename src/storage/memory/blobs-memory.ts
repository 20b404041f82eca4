import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import { algorithmOf, type Digest, digestOf, hexOf } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobBody, BlobStore, Spool, Spooled, StoredUpload, UploadId } from "../blobs.ts";

type Content = { bytes: Uint8Array<ArrayBuffer>; modifiedAtMs: number };

/** Blobs and uploads in memory, for tests of what stands on them. */
export class MemoryBlobs {
  readonly #blobs = new Map<Digest, Content>();
  readonly #uploads = new Map<UploadId, Content>();

  readonly blobs: BlobStore = {
    put: (digest, spooled) => this.#put(digest, spooled),
    putAll: async (spooled) => {
      for (const [digest, one] of spooled) await this.#put(digest, one);
    },
    fileOf: (digest) => this.#fileOf(digest),
    size: async (digest: Digest) => this.#blobs.get(digest)?.bytes.byteLength ?? null,
    read: async (digest: Digest, range: ByteRange | null): Promise<BlobBody | null> => {
      const content = this.#blobs.get(digest);
      if (content === undefined) return null;
      return new Blob([range === null ? content.bytes : content.bytes.subarray(range.start, range.end)]);
    },
    scan: async (digest: Digest) => {
      const content = this.#blobs.get(digest);
      return content === undefined ? null : new Blob([content.bytes]).stream();
    },
    open: async (digest: Digest) => readerOf(this.#blobs.get(digest)),
    remove: async (digest: Digest) => this.#blobs.delete(digest),
    list: () => this.#listBlobs(),
    writtenAtMs: async (digest: Digest) => this.#blobs.get(digest)?.modifiedAtMs ?? null,
  };

  readonly spool: Spool = {
    create: async (id: UploadId) => {
      this.#uploads.set(id, { bytes: new Uint8Array(), modifiedAtMs: Date.now() });
    },
    size: async (id: UploadId) => this.#uploads.get(id)?.bytes.byteLength ?? null,
    append: (id, chunks, limitBytes, onWritten) => this.#append(id, chunks, limitBytes, onWritten ?? (() => {})),
    open: async (id: UploadId) => readerOf(this.#uploads.get(id)),
    seal: async (id: UploadId, digest: Digest) => this.#seal(id, digest),
    drop: async (id: UploadId) => this.#uploads.delete(id),
    list: () => this.#listUploads(),
  };

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

  #seal(id: UploadId, digest: Digest): Spooled {
    const { bytes } = this.#upload(id);
    const actual = digestOf(bytes, algorithmOf(digest));
    const drop = async () => this.#uploads.delete(id);
    if (actual === digest) return { size: bytes.byteLength, path: null, read: () => new Blob([bytes]), drop };
    this.#uploads.delete(id);
    throw new RegistryError("DIGEST_INVALID", `the content's digest is ${actual}, not ${digest}`);
  }

  async #put(digest: Digest, spooled: Spooled): Promise<number> {
    const bytes = new Uint8Array(await spooled.read().arrayBuffer());
    this.#blobs.set(digest, { bytes, modifiedAtMs: Date.now() });
    await spooled.drop();
    return bytes.byteLength;
  }

  async #fileOf(digest: Digest): Promise<string | null> {
    const content = this.#blobs.get(digest);
    if (content === undefined) return null;
    const path = join(tmpdir(), `larder-blob-${hexOf(digest)}`);
    await Bun.write(path, content.bytes);
    return path;
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

/** Reads what it has by then: content grows by new bytes in the place of the old. */
function readerOf(content: Content | undefined): RangeReader | null {
  if (content === undefined) return null;
  return {
    read: async (position, length) => Buffer.from(content.bytes.subarray(position, position + length)),
    close: async () => {},
  };
}
