import type { BlobToPush } from "./registry-client.ts";

/** What is used of a stream's reader; the runtime's types and the web's do not agree on the rest. */
type Reader = {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
};

/** Cuts a blob's content into chunks. Those that follow each other come out of one reading of it. */
export class ChunkSource {
  readonly #blob: Pick<BlobToPush, "open">;
  #reader: Reader | null = null;
  /** Read already, and part of no chunk yet. */
  #rest: Uint8Array | null = null;
  /** Where in the blob that begins. */
  #offset = 0;

  constructor(blob: Pick<BlobToPush, "open">) {
    this.#blob = blob;
  }

  /** Where the last chunk ended, as far as it was read. */
  get offset(): number {
    return this.#offset;
  }

  /** Is there anything at `offset`? */
  async hasMore(offset: number): Promise<boolean> {
    await this.#seek(offset);
    this.#rest ??= await this.#read();
    return this.#rest !== null;
  }

  /** The content from `offset` on, `limitBytes` at most. Only one chunk may be read at a time. */
  async chunk(offset: number, limitBytes: number): Promise<ReadableStream<Uint8Array>> {
    await this.#seek(offset);
    let leftBytes = limitBytes;
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const piece = leftBytes === 0 ? null : await this.#take(leftBytes);
          if (piece === null) return controller.close();
          leftBytes -= piece.byteLength;
          controller.enqueue(piece);
        },
      },
      { highWaterMark: 0 },
    );
  }

  /** Lets go of what is read from. */
  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = null;
    this.#rest = null;
    // Nobody wants to know of a source that is given up.
    await reader?.cancel().catch(() => {});
  }

  async #seek(offset: number): Promise<void> {
    if (this.#reader !== null && this.#offset === offset) return;
    await this.close();
    this.#reader = (await this.#blob.open(offset)).getReader();
    this.#offset = offset;
  }

  async #take(limitBytes: number): Promise<Uint8Array | null> {
    const piece = this.#rest ?? (await this.#read());
    if (piece === null) return null;
    const taken = piece.subarray(0, limitBytes);
    this.#rest = piece.byteLength > taken.byteLength ? piece.subarray(taken.byteLength) : null;
    this.#offset += taken.byteLength;
    return taken;
  }

  /** The next piece, which is never empty; null at the end. */
  async #read(): Promise<Uint8Array | null> {
    for (;;) {
      const next = await this.#reader?.read();
      if (next === undefined || next.done || next.value === undefined) return null;
      if (next.value.byteLength > 0) return next.value;
    }
  }
}
