import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { algorithmOf, type Digest, Digester } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { BatchWriter, type RunningDigest } from "./batch-writer.ts";
import { uploadPath, uploadsFolder } from "./blob-folder.ts";
import { namesIn, statOrNull } from "./list-folder.ts";
import type { DiskReserve } from "./disk-reserve.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import type { WriteGuard } from "../write-guard.ts";
import { type Spool, type Spooled, type StoredUpload, tryParseUploadId, type UploadId } from "../blobs.ts";
import { writeError, storageFull } from "../storage-error.ts";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import { openFileRanges } from "../../lib/files/open-file-ranges.ts";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import { isNotFound } from "../../lib/files/system-error.ts";

/** Digests in the making that are kept between requests; the others are computed again at commit. */
const RUNNING_LIMIT = 4096;

/** Uploads as files of a data folder (`blob-folder.ts` draws it), which `FilesystemBlobs` renames into their places. */
export class FilesystemSpool implements Spool {
  readonly #folder: string;
  readonly #reserve: DiskReserve;
  readonly #guard: WriteGuard | null;
  readonly #running = new Map<UploadId, RunningDigest>();

  constructor(dataFolder: string, reserve: DiskReserve, guard: WriteGuard | null = null) {
    this.#folder = dataFolder;
    this.#reserve = reserve;
    this.#guard = guard;
  }

  async create(id: UploadId, algorithm: "sha256" | "sha512", expectedBytes = 0): Promise<void> {
    // Not as of a moment ago: nothing may come to be in a folder that is not larder's.
    this.#guard?.confirm();
    await this.#reserve.admit();
    // Where there is nothing left, not even an upload whose size nobody knows can end well.
    if (Math.max(expectedBytes, 1) > this.#reserve.freeBytes()) throw storageFull();
    try {
      passFaultPoint("upload.create");
      const file = await this.#createFile(uploadPath(this.#folder, id));
      await file.close();
    } catch (error) {
      throw writeError(error);
    }
    if (this.#running.size < RUNNING_LIMIT) this.#running.set(id, { digester: new Digester(algorithm), bytes: 0 });
  }

  async size(id: UploadId): Promise<number | null> {
    return (await statOrNull(uploadPath(this.#folder, id)))?.size ?? null;
  }

  open(id: UploadId): Promise<RangeReader | null> {
    return openFileRanges(uploadPath(this.#folder, id));
  }

  append(
    id: UploadId,
    chunks: AsyncIterable<Uint8Array>,
    limitBytes: number,
    onWritten: (size: number) => void = () => {},
  ): Promise<number> {
    return inSpan("receive and write", {}, () => this.#append(id, chunks, limitBytes, onWritten));
  }

  async #append(
    id: UploadId,
    chunks: AsyncIterable<Uint8Array>,
    limitBytes: number,
    onWritten: (size: number) => void,
  ): Promise<number> {
    this.#guard?.admit();
    await this.#reserve.admit();
    const file = await this.#open(id);
    try {
      const start = (await file.stat()).size;
      const running = this.#runningAt(id, start);
      const writer = new BatchWriter(file, start, running, onWritten);
      try {
        for await (const chunk of chunks) {
          if (writer.size + chunk.byteLength > limitBytes) throw tooLarge(limitBytes);
          await writer.add(chunk);
        }
      } finally {
        await this.#finish(id, writer, file, start);
      }
      this.#guard?.confirm();
      return writer.size;
    } catch (error) {
      throw writeError(error);
    } finally {
      await file.close();
    }
  }

  async seal(id: UploadId, digest: Digest): Promise<Spooled> {
    this.#guard?.admit();
    const size = await this.size(id);
    if (size === null) throw unknownUpload(id);
    const actual = await this.#digest(id, digest, size);
    if (actual !== digest) {
      await this.drop(id);
      throw new RegistryError("DIGEST_INVALID", `the content's digest is ${actual}, not ${digest} as was announced`);
    }
    this.#running.delete(id);
    const path = uploadPath(this.#folder, id);
    return { size, path, read: () => Bun.file(path), drop: () => this.drop(id) };
  }

  async drop(id: UploadId): Promise<boolean> {
    this.#running.delete(id);
    try {
      await rm(uploadPath(this.#folder, id));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  async *list(): AsyncIterable<StoredUpload> {
    // Whoever asks is about to give some up.
    this.#guard?.admit();
    for await (const name of namesIn(uploadsFolder(this.#folder))) {
      const id = tryParseUploadId(name);
      const found = id === null ? null : await statOrNull(uploadPath(this.#folder, id));
      if (id !== null && found !== null) yield { id, size: found.size, modifiedAtMs: found.mtimeMs };
    }
  }

  async #createFile(path: string): Promise<FileHandle> {
    try {
      return await open(path, "wx");
    } catch (error) {
      if (!isNotFound(error)) throw error;
      await mkdir(dirname(path), { recursive: true });
      return open(path, "wx");
    }
  }

  async #open(id: UploadId): Promise<FileHandle> {
    try {
      return await open(uploadPath(this.#folder, id), "r+");
    } catch (error) {
      throw isNotFound(error) ? unknownUpload(id) : writeError(error);
    }
  }

  /** The running digest, when it has seen just the bytes that are in the file. */
  #runningAt(id: UploadId, size: number): RunningDigest | null {
    const running = this.#running.get(id);
    return running?.bytes === size ? running : null;
  }

  /**
   * Writes what is left and syncs. When that fails, nobody knows what of it would survive a power cut: the upload is as long as
   * it was, and the running digest no longer tells what is in the file.
   */
  async #finish(id: UploadId, writer: BatchWriter, file: FileHandle, start: number): Promise<void> {
    try {
      await writer.end();
    } catch (error) {
      this.#running.delete(id);
      // Where even that fails, the client finds that the digest is wrong.
      await file.truncate(start).catch(() => {});
      throw error;
    }
  }

  async #digest(id: UploadId, expected: Digest, size: number): Promise<Digest> {
    const algorithm = algorithmOf(expected);
    const running = this.#runningAt(id, size);
    if (running !== null && running.digester.algorithm === algorithm) {
      this.#running.delete(id);
      return running.digester.digest();
    }
    const digester = new Digester(algorithm);
    for await (const chunk of Bun.file(uploadPath(this.#folder, id)).stream()) digester.update(chunk);
    return digester.digest();
  }
}

function unknownUpload(id: UploadId): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", `there is no upload ${id} here; begin it anew`);
}

function tooLarge(limitBytes: number): RegistryError {
  return new RegistryError("SIZE_INVALID", `the upload holds more than the ${limitBytes} bytes that it may have`);
}
