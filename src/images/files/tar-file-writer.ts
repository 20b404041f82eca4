import type { FileHandle } from "node:fs/promises";
import { BLOCK_BYTES } from "../../lib/tar/header-block.ts";
import { tarEntry } from "../../lib/tar/tar-entry.ts";
import { encodeMemberHead } from "../../lib/tar/write-tar.ts";
import { writeBytes, writePieces } from "./write-pieces.ts";

/**
 * Writes a tar file whose members come side by side: each gets its place when it begins, since its length is known.
 * Owners, modes and times are always the same, so that the same members in the same order give the same file.
 */
export class TarFileWriter {
  readonly #handle: FileHandle;
  #end = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Adds a file. Throws when `content` fails or is not `sizeBytes` long; the archive is then good for nothing. */
  async add(path: string, sizeBytes: number, content: AsyncIterable<Uint8Array> | Uint8Array): Promise<void> {
    const head = encodeMemberHead(tarEntry(path, "file", { size: sizeBytes }));
    const start = this.#end;
    this.#end += head.length + Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
    const end = this.#end;
    await writeBytes(this.#handle, start, head);
    const written = await this.#writeContent(start + head.length, content);
    if (written !== sizeBytes) throw new Error(`${path} has ${written} bytes; ${sizeBytes} were announced`);
    const paddingBytes = end - start - head.length - sizeBytes;
    await writeBytes(this.#handle, end - paddingBytes, new Uint8Array(paddingBytes));
  }

  /** Ends the archive and hands back its length in bytes. */
  async finish(): Promise<number> {
    const marks = new Uint8Array(2 * BLOCK_BYTES);
    await writeBytes(this.#handle, this.#end, marks);
    return this.#end + marks.length;
  }

  async #writeContent(start: number, content: AsyncIterable<Uint8Array> | Uint8Array): Promise<number> {
    if (!(content instanceof Uint8Array)) return writePieces(this.#handle, start, content);
    await writeBytes(this.#handle, start, content);
    return content.length;
  }
}
