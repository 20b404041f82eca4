import { untilAborted } from "../../lib/async/until-aborted.ts";
import type { ByteRange } from "../../lib/text/byte-range.ts";
import { algorithmOf, type Digest, type DigestAlgorithm } from "../../oci/digest.ts";
import type { MayPull } from "../names/search-order.ts";
import { findLender } from "../pull/lent-blobs.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { nameOf, type Repository } from "../../oci/repository.ts";
import { type EventCause, NO_CAUSE } from "../../storage/events.ts";
import { newUploadId, type Spool, tryParseUploadId, type UploadId, uploadLease } from "../../storage/blobs.ts";
import { type Leases, underLease } from "../../storage/leases.ts";
import type { BlobLinkStore, HoldingStore, MetadataStore, UploadSessionStore } from "../../storage/metadata.ts";
import type { BlobTransitionStore } from "../../storage/collection.ts";
import type { BlobFiles } from "../pull/blob-files.ts";
import { keepSpooled, type SpoolAndStore } from "../pull/keep-spooled.ts";

/** A chunk of a client's upload. `range` is its Content-Range, null without one. */
export type UploadChunk = {
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly range: ByteRange | null;
  readonly length: number | null;
};

/** How far an upload has come, in bytes. */
export type UploadState = { readonly id: UploadId; readonly size: number };

/** The error for a chunk that does not follow what has been received. The session goes on at `size` bytes. */
export class ChunkOutOfOrder extends RegistryError {
  readonly state: UploadState;

  constructor(state: UploadState, message: string) {
    super("RANGE_INVALID", message);
    this.state = state;
  }
}

/** Sessions that are read from the store in one turn. */
const SESSIONS_AT_ONCE = 500;
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Pushes of blobs: sessions that take chunks in order, one request at a time, and end in a linked blob.
 *
 * A session's record is in the database and its bytes are in the `Spool`, so both outlive the process.
 */
export class Uploads {
  readonly #bytes: SpoolAndStore;
  readonly #spool: Spool;
  readonly #files: BlobFiles;
  readonly #sessions: UploadSessionStore;
  readonly #links: BlobLinkStore;
  readonly #holdings: HoldingStore;
  readonly #transitions: BlobTransitionStore;
  readonly #leases: Leases;
  readonly #now: () => number;
  /** What ends the requests that write to sessions now. */
  readonly #writers = new Map<string, AbortController>();

  constructor(
    bytes: SpoolAndStore,
    files: BlobFiles,
    metadata: Pick<MetadataStore, "sessions" | "links" | "holdings" | "transitions" | "leases">,
    now: () => number,
  ) {
    this.#bytes = bytes;
    this.#spool = bytes.spool;
    this.#leases = metadata.leases;
    this.#files = files;
    this.#sessions = metadata.sessions;
    this.#links = metadata.links;
    this.#holdings = metadata.holdings;
    this.#transitions = metadata.transitions;
    this.#now = now;
  }

  /** Begins a session. */
  async begin(repository: Repository, algorithm: DigestAlgorithm): Promise<UploadState> {
    const id = newUploadId();
    await this.#spool.create(id, algorithm);
    try {
      await this.#sessions.createSession({ id, repository: nameOf(repository), startedAtMs: this.#now() });
    } catch (error) {
      // Nobody will ever learn its name.
      await this.#spool.drop(id);
      throw error;
    }
    return { id, size: 0 };
  }

  /**
   * Links a blob of another repository (any when `from` is null) instead of an upload. False when there is none, or its
   * file is not whole: then the client's own copy is better.
   */
  async mount(
    repository: Repository,
    digest: Digest,
    from: Repository | null,
    mayPull?: MayPull,
    cause: EventCause = NO_CAUSE,
  ): Promise<boolean> {
    if (from !== null && (await mayPull?.(from)) === false) return false;
    const source = from === null ? await findLender(this.#holdings, digest, mayPull) : nameOf(from);
    const recorded = (await this.#holdings.findLinkedAnywhere([digest])).get(digest);
    if (source === null || recorded === undefined || !(await this.#files.makeWhole(digest, recorded))) return false;
    const size = await this.#links.mountBlob(nameOf(repository), digest, source, this.#now(), "pushed", cause);
    return size !== null;
  }

  /** Takes a whole blob in one request, without a session. Throws DIGEST_INVALID, SIZE_INVALID. */
  async push(repository: Repository, digest: Digest, chunk: UploadChunk, cause: EventCause = NO_CAUSE): Promise<void> {
    const id = newUploadId();
    // Nobody else knows its name; the collection sees it.
    await underLease(this.#leases, uploadLease(id), async () => {
      await this.#spool.create(id, algorithmOf(digest), chunk.length ?? 0);
      try {
        await this.#append(id, 0, chunk);
        await this.#commit(repository, id, digest, cause);
      } catch (error) {
        await this.#spool.drop(id);
        throw error;
      }
    });
  }

  /** How far a session has come. Throws BLOB_UPLOAD_UNKNOWN. */
  async state(repository: Repository, id: string): Promise<UploadState> {
    const session = await this.#sessions.getSession(id);
    const uploadId = tryParseUploadId(id);
    const size =
      session?.repository === nameOf(repository) && uploadId !== null ? await this.#spool.size(uploadId) : null;
    if (uploadId === null || size === null) {
      const message = `there is no upload ${JSON.stringify(id.slice(0, 80))} in ${nameOf(repository)}: it ended, expired, or never began here; begin anew`;
      throw new RegistryError("BLOB_UPLOAD_UNKNOWN", message);
    }
    return { id: uploadId, size };
  }

  /** Adds a chunk. Throws `ChunkOutOfOrder`, BLOB_UPLOAD_UNKNOWN, SIZE_INVALID. */
  async append(repository: Repository, id: string, chunk: UploadChunk): Promise<UploadState> {
    return this.#alone(repository, id, async (state, signal) => {
      return { id: state.id, size: await this.#appendInOrder(state, cancellable(chunk, signal)) };
    });
  }

  /** Adds a last chunk, if there is one, and turns the session into a blob. Throws as `append`, and DIGEST_INVALID. */
  async finish(
    repository: Repository,
    id: string,
    digest: Digest,
    chunk: UploadChunk,
    cause: EventCause = NO_CAUSE,
  ): Promise<void> {
    await this.#alone(repository, id, async (state, signal) => {
      await this.#appendInOrder(state, cancellable(chunk, signal));
      try {
        await this.#commit(repository, state.id, digest, cause);
      } finally {
        if ((await this.#spool.size(state.id)) === null) await this.#sessions.deleteSession(id);
      }
    });
  }

  /**
   * Ends a session without a blob, and the request that is writing to it, whose client may have vanished long ago. Throws
   * BLOB_UPLOAD_UNKNOWN.
   */
  async cancel(repository: Repository, id: string): Promise<void> {
    const state = await this.state(repository, id);
    this.#writers.get(id)?.abort(uploadCancelled());
    // Where somebody else's process writes to it, that finds that it is gone.
    await this.#spool.drop(state.id);
    await this.#sessions.deleteSession(id);
  }

  /**
   * Ends the uploads that nobody has written to since `beforeMs`, nor is writing to, and the sessions of that time that a
   * crash left without their bytes. Returns the bytes that this frees.
   */
  async expire(beforeMs: number): Promise<number> {
    let freed = 0;
    for await (const upload of this.#spool.list()) {
      if (upload.modifiedAtMs >= beforeMs) continue;
      await underLease(this.#leases, uploadLease(upload.id), async () => {
        freed += upload.size;
        await this.#spool.drop(upload.id);
        await this.#sessions.deleteSession(upload.id);
      });
    }
    await this.#endEmptySessions(beforeMs);
    return freed;
  }

  async #endEmptySessions(beforeMs: number): Promise<void> {
    for (let after: string | null = null; ; ) {
      const ids: readonly string[] = await this.#sessions.listSessions(beforeMs, { after, limit: SESSIONS_AT_ONCE });
      for (const id of ids) {
        const uploadId = tryParseUploadId(id);
        if (uploadId !== null && (await this.#spool.size(uploadId)) !== null) continue;
        await underLease(this.#leases, uploadLease(uploadId ?? newUploadId()), () => this.#sessions.deleteSession(id));
      }
      after = ids.at(-1) ?? null;
      if (ids.length < SESSIONS_AT_ONCE) return;
    }
  }

  /** One request at a time writes to a session; another that comes meanwhile is told how far the session is. */
  async #alone<T>(
    repository: Repository,
    id: string,
    work: (state: UploadState, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const uploadId = tryParseUploadId(id);
    const alone = async () => {
      const state = await this.state(repository, id);
      const writer = new AbortController();
      this.#writers.set(id, writer);
      try {
        return await work(state, writer.signal);
      } finally {
        this.#writers.delete(id);
      }
    };
    const done = uploadId === null ? null : await underLease(this.#leases, uploadLease(uploadId), alone);
    if (done !== null) return done.value;
    throw new ChunkOutOfOrder(
      await this.state(repository, id),
      "another request is writing to this upload; ask how far it is, and go on from there",
    );
  }

  async #appendInOrder(state: UploadState, chunk: UploadChunk): Promise<number> {
    if (chunk.range !== null && chunk.range.start !== state.size) {
      const message = `the chunk begins at byte ${chunk.range.start}, but the upload has ${state.size} bytes so far`;
      throw new ChunkOutOfOrder(state, message);
    }
    try {
      return await this.#append(state.id, state.size, chunk);
    } catch (error) {
      // With the disk full, what came so far is of more use as free space.
      if (error instanceof RegistryError && error.code === "STORAGE_FULL") {
        await this.#spool.drop(state.id);
        await this.#sessions.deleteSession(state.id);
      }
      throw error;
    }
  }

  /** Appends and holds the client to the length that it announced. */
  async #append(id: UploadId, start: number, chunk: UploadChunk): Promise<number> {
    if (chunk.body === null) return start;
    const announced = chunk.range === null ? chunk.length : chunk.range.end - chunk.range.start;
    const size = await this.#spool.append(id, chunk.body, announced === null ? NO_LIMIT : start + announced);
    if (announced !== null && size !== start + announced) {
      throw new RegistryError("SIZE_INVALID", `${size - start} bytes came where ${announced} were announced`);
    }
    return size;
  }

  async #commit(repository: Repository, id: UploadId, digest: Digest, cause: EventCause): Promise<void> {
    await this.#transitions.arrive(digest, async () => {
      const size = await keepSpooled(this.#bytes, id, digest);
      await this.#links.linkBlob(nameOf(repository), digest, size, this.#now(), "pushed", cause);
    });
  }
}

/** The chunk, whose body fails when the signal fires. */
function cancellable(chunk: UploadChunk, signal: AbortSignal): UploadChunk {
  return chunk.body === null ? chunk : { ...chunk, body: untilAborted(chunk.body, signal) };
}

function uploadCancelled(): RegistryError {
  return new RegistryError("BLOB_UPLOAD_UNKNOWN", "the upload was cancelled; begin it anew");
}
