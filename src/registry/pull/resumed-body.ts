import type { Digest } from "../../oci/digest.ts";
import type { Repository } from "../../oci/repository.ts";
import { isUpstreamDown } from "../../upstream/transport/upstream-error.ts";
import {
  endedEarly,
  openUpstreamBlob,
  pauseBeforeResumingMs,
  reopenUpstreamBlob,
  vanished,
} from "./open-upstream-blob.ts";
import type { PullContext } from "./origin.ts";
import type { Upstream } from "./upstreams.ts";

/** What is used of a stream's reader; the runtime's types and the web's do not agree on the rest. */
type Reader = {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<void>;
};

/** The bytes of a blob from `start` up to, not with, `end`. */
type Part = { readonly digest: Digest; readonly start: number; readonly end: number };

/** A part of a blob as upstream sends it, resumed where the transfer breaks off. */
export class ResumedBody {
  readonly #upstream: Upstream;
  readonly #repository: Repository;
  readonly #part: Part;
  /** Null after a break. */
  #reader: Reader | null;
  #position: number;
  #failures = 0;
  #isCancelled = false;

  private constructor(upstream: Upstream, repository: Repository, part: Part, body: ReadableStream<Uint8Array>) {
    this.#upstream = upstream;
    this.#repository = repository;
    this.#part = part;
    this.#position = part.start;
    this.#reader = body.getReader();
  }

  /** Null: there is no such blob. */
  static async open(
    upstream: Upstream,
    repository: Repository,
    part: Part,
    context: PullContext,
  ): Promise<ResumedBody | null> {
    const opened = await openUpstreamBlob(upstream, repository, part.digest, part.start, context);
    return opened === null ? null : new ResumedBody(upstream, repository, part, opened.body);
  }

  /** The next piece, which is never empty; null at the end. Throws the last failure when resuming leads to nothing. */
  async next(): Promise<Uint8Array | null> {
    while (this.#position < this.#part.end) {
      try {
        this.#reader ??= await this.#reopen();
        const piece = await this.#read(this.#reader);
        if (piece.byteLength === 0) continue;
        this.#failures = 0;
        return piece;
      } catch (error) {
        this.#reader = null;
        this.#failures += 1;
        const pauseMs = pauseBeforeResumingMs(this.#failures);
        if (this.#isCancelled || !isUpstreamDown(error) || pauseMs === null) throw error;
        await Bun.sleep(pauseMs);
      }
    }
    return null;
  }

  /** Lets go of the connection. */
  async cancel(reason?: unknown): Promise<void> {
    this.#isCancelled = true;
    await this.#reader?.cancel(reason);
  }

  async #read(reader: Reader): Promise<Uint8Array> {
    const { digest, end } = this.#part;
    const { done, value } = await reader.read();
    if (done || value === undefined) throw endedEarly(this.#repository, digest, this.#position, end);
    const piece = value.subarray(0, end - this.#position);
    this.#position += piece.byteLength;
    return piece;
  }

  async #reopen(): Promise<Reader> {
    const { digest, start } = this.#part;
    const body = await reopenUpstreamBlob(this.#upstream, this.#repository, digest, this.#position, {});
    if (body === null) throw vanished(this.#repository, digest, this.#position > start);
    const reader = body.getReader();
    if (this.#isCancelled) await reader.cancel();
    return reader;
  }
}
