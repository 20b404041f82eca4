import { encodeMemberHead, tryWriteMemberHead } from "./encode-member-head.ts";
import { BLOCK_BYTES } from "./header-block.ts";
import type { TarEntry } from "./tar-entry.ts";

/** Headers and small files are handed on in pieces of this size: each piece costs all who take it, whatever its size. */
const PIECE_BYTES = 64 * 1024;

/**
 * Puts an archive's bytes together in pieces, without a promise or a copy too many: images have members by the hundred
 * thousand. Whoever adds takes the full pieces now and then; each is given once, and is not written to any more.
 */
export class TarPieces {
  /** Zeros from `#filled` on. */
  #piece = Buffer.alloc(PIECE_BYTES);
  #filled = 0;
  #full: Uint8Array[] = [];

  /** The pieces that are full, in their order; empty for most of what is added. */
  take(): readonly Uint8Array[] {
    if (this.#full.length === 0) return this.#full;
    const full = this.#full;
    this.#full = [];
    return full;
  }

  /** Adds the headers of a member. Its content follows, then `endContent`. Throws TarError. */
  addHead(entry: TarEntry): void {
    this.#makeRoom(BLOCK_BYTES);
    if (tryWriteMemberHead(entry, this.#piece, this.#filled)) this.#filled += BLOCK_BYTES;
    else this.#add(encodeMemberHead(entry));
  }

  /** Adds a part of a member's content. What is large is not copied: it has to stay as it is. */
  addContent(part: Uint8Array): void {
    this.#add(part);
  }

  /** Fills up the last block of a content of `bytes`. */
  endContent(bytes: number): void {
    this.#addZeros((BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES);
  }

  /** Adds the mark of the archive's end. All that is left can be taken now. */
  end(): void {
    this.#addZeros(2 * BLOCK_BYTES);
    this.#flush();
  }

  #add(part: Uint8Array): void {
    if (part.length > PIECE_BYTES / 2) {
      this.#flush();
      this.#full.push(part);
      return;
    }
    this.#makeRoom(part.length);
    this.#piece.set(part, this.#filled);
    this.#filled += part.length;
  }

  #addZeros(count: number): void {
    this.#makeRoom(count);
    this.#filled += count;
  }

  #makeRoom(count: number): void {
    if (this.#filled + count > PIECE_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#filled === 0) return;
    this.#full.push(this.#piece.subarray(0, this.#filled));
    this.#piece = Buffer.alloc(PIECE_BYTES);
    this.#filled = 0;
  }
}
