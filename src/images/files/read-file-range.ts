import type { FileHandle } from "node:fs/promises";

const PIECE_BYTES = 256 * 1024;

/**
 * The bytes of an open file from `start`, `length` of them, in pieces of `pieceBytes` at most. Reads by position, so
 * that many may read one handle at once. Throws when the file ends early: it was cut since its length was looked up.
 */
export async function* readFileRange(
  handle: FileHandle,
  start: number,
  length: number,
  pieceBytes = PIECE_BYTES,
): AsyncGenerator<Uint8Array, void, void> {
  let done = 0;
  while (done < length) {
    const buffer = new Uint8Array(Math.min(pieceBytes, length - done));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, start + done);
    if (bytesRead === 0)
      throw new Error(`the file became shorter while it was read: ${length - done} bytes are missing`);
    done += bytesRead;
    yield bytesRead === buffer.length ? buffer : buffer.subarray(0, bytesRead);
  }
}
