import type { FileHandle } from "node:fs/promises";

/** Writes a stream into an open file from `start` on, and hands back how many bytes that were. */
export async function writePieces(
  handle: FileHandle,
  start: number,
  pieces: AsyncIterable<Uint8Array>,
): Promise<number> {
  let position = start;
  for await (const piece of pieces) {
    await writeBytes(handle, position, piece);
    position += piece.length;
  }
  return position - start;
}

/** Writes all of `bytes` into an open file at `position`. */
export async function writeBytes(handle: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
