import { accessSync, constants } from "node:fs";
import { lstat, open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { passFaultPoint } from "../../lib/files/fault-point.ts";
import { mapBounded } from "../../lib/async/map-bounded.ts";
import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import { makeFolder } from "../../lib/files/make-folder.ts";
import { scanFile } from "../../lib/files/scan-file.ts";
import { openFileRanges } from "../../lib/files/open-file-ranges.ts";
import type { RangeReader } from "../../lib/files/range-reader.ts";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import { isNotFound } from "../../lib/files/system-error.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import type { Digest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { BlobBody, BlobStore, Spooled } from "../blobs.ts";
import { writeError } from "../storage-error.ts";
import { inSpan } from "../../telemetry/traces/current-span.ts";
import type { WriteGuard } from "../write-guard.ts";
import { FilesystemAside } from "./aside-filesystem.ts";
import { blobPath, shardOf } from "./blob-folder.ts";
import { digestsIn, statOrNull } from "./list-folder.ts";
import { statNow } from "./stat-now.ts";

const RENAMED_AT_ONCE = 8;
/** What was read so often is in the system's memory for so long: a disk that has failed since is not asked for it. */
const GIVEN = { times: 8, ms: 5000, places: 1000 };

/**
 * Blobs as files of a data folder (`blob-folder.ts` draws it).
 *
 * Order at `put`: data synced (by the spool), file renamed, folder synced. A crash in between leaves an upload or an
 * unlinked blob, never a partial one.
 */
export class FilesystemBlobs implements BlobStore {
  readonly #folder: string;
  readonly #guard: WriteGuard | null;
  /** How often the disk gave it just now: a fleet asks for the same layers, and to ask costs half as much as to answer. */
  readonly #given = new ExpiringMap<string, number>(GIVEN.ms, GIVEN.places, () => performance.now());

  constructor(dataFolder: string, guard: WriteGuard | null = null) {
    this.#folder = dataFolder;
    this.#guard = guard;
  }

  put(digest: Digest, spooled: Spooled): Promise<number> {
    return inSpan("store blob", { "larder.digest": digest, "larder.bytes": spooled.size }, () =>
      this.#put(digest, spooled),
    );
  }

  async #put(digest: Digest, spooled: Spooled): Promise<number> {
    this.#guard?.admit();
    try {
      await this.#moveIntoPlace(spooled.path ?? (await this.#copyBeside(digest, spooled)), digest);
      if (spooled.path === null) await spooled.drop();
      return spooled.size;
    } catch (error) {
      await spooled.drop();
      throw writeError(error);
    }
  }

  async putAll(spooled: ReadonlyMap<Digest, Spooled>): Promise<void> {
    this.#guard?.admit();
    const left = new Map(spooled);
    try {
      const shards = new Set<string>();
      await mapBounded([...spooled], RENAMED_AT_ONCE, async ([digest, one]) => {
        await this.#rename(one.path ?? (await this.#copyBeside(digest, one)), digest);
        shards.add(shardOf(this.#folder, digest));
        if (one.path !== null) left.delete(digest);
      });
      await mapBounded([...shards], RENAMED_AT_ONCE, (shard) => this.#settle(shard));
      // From here on somebody relies on them.
      this.#guard?.confirm();
    } catch (error) {
      throw writeError(error);
    } finally {
      for (const one of left.values()) await one.drop();
    }
  }

  async size(digest: Digest): Promise<number | null> {
    return this.#sizeNow(digest);
  }

  async read(digest: Digest, range: ByteRange | null): Promise<BlobBody | null> {
    const size = this.#sizeNow(digest);
    if (size === null) return null;
    const path = blobPath(this.#folder, digest);
    const file = Bun.file(path);
    const wanted = range === null ? file : file.slice(range.start, range.end);
    // What the runtime may not open it sends as nothing, after the headers; and where the disk fails it cuts the answer off, and
    // tells nobody. Who was cut off asks again from there on, and is helped then.
    try {
      accessSync(path, constants.R_OK);
      const place = range === null ? digest : `${digest} ${range.start}`;
      const times = this.#given.get(place) ?? 0;
      if (times < GIVEN.times) {
        await wanted.slice(0, 1).arrayBuffer();
        this.#given.set(place, times + 1);
      }
    } catch (error) {
      if (isNotFound(error)) return null;
      throw error;
    }
    return wanted;
  }

  async scan(digest: Digest): Promise<AsyncIterable<Uint8Array> | null> {
    return this.#sizeNow(digest) === null ? null : scanFile(blobPath(this.#folder, digest));
  }

  async open(digest: Digest): Promise<RangeReader | null> {
    return this.#sizeNow(digest) === null ? null : openFileRanges(blobPath(this.#folder, digest));
  }

  async fileOf(digest: Digest): Promise<string | null> {
    return this.#sizeNow(digest) === null ? null : blobPath(this.#folder, digest);
  }

  async remove(digest: Digest): Promise<boolean> {
    try {
      passFaultPoint("blob.remove");
      await rm(blobPath(this.#folder, digest));
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }

  list(): AsyncIterable<Digest> {
    return digestsIn(join(this.#folder, "blobs"));
  }

  async writtenAtMs(digest: Digest): Promise<number | null> {
    return (await statOrNull(blobPath(this.#folder, digest)))?.mtimeMs ?? null;
  }

  /** A link or a folder in a blob's place is no blob: what a link leads to is nobody's to send. */
  #sizeNow(digest: Digest): number | null {
    const found = statNow(blobPath(this.#folder, digest));
    return found?.isFile() === true ? found.size : null;
  }

  /**
   * These bytes were just hashed; of those in the file that is here already, nobody knows what has become. Who reads that
   * one reads on to its end.
   */
  async #moveIntoPlace(from: string, digest: Digest): Promise<void> {
    await this.#rename(from, digest);
    await this.#settle(shardOf(this.#folder, digest));
    // From here on somebody relies on it.
    this.#guard?.confirm();
  }

  async #rename(from: string, digest: Digest): Promise<void> {
    const [shard, place] = [shardOf(this.#folder, digest), blobPath(this.#folder, digest)];
    try {
      passFaultPoint("blob.rename");
      await rename(from, place);
    } catch (error) {
      if (isNotFound(error)) await makeFolder(shard);
      else if (!(await this.#clearAway(digest))) throw error;
      await renameSpooled(from, place);
    }
  }

  async #settle(shard: string): Promise<void> {
    passFaultPoint("blob.sync-folder");
    await syncFolder(shard);
  }

  /** A folder in a blob's place lets no file take it. */
  async #clearAway(digest: Digest): Promise<boolean> {
    const found = await lstat(blobPath(this.#folder, digest)).catch(() => null);
    return found?.isDirectory() === true && new FilesystemAside(this.#folder, this.#guard).setAside(digest, "damaged");
  }

  /** For a spool without files. What a crash leaves of the copy is no blob by its name. */
  async #copyBeside(digest: Digest, spooled: Spooled): Promise<string> {
    await makeFolder(shardOf(this.#folder, digest));
    const path = `${blobPath(this.#folder, digest)}.new`;
    await Bun.write(path, spooled.read());
    const file = await open(path, "r+");
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
    return path;
  }
}

/** Whoever cancelled the upload a moment ago has taken its file away. */
async function renameSpooled(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new RegistryError("BLOB_UPLOAD_UNKNOWN", "the upload was cancelled; begin it anew", { cause: error });
  }
}
