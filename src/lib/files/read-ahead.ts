import type { FileHandle } from "node:fs/promises";

const PIECE_BYTES = 512 << 10;

/**
 * Reads an open file from its beginning to its end, each piece while the one before is made use of. A piece holds until the next
 * but one is asked for.
 */
export async function* readAhead(file: FileHandle): AsyncGenerator<Uint8Array, void, void> {
  let [buffer, spare] = [Buffer.allocUnsafeSlow(PIECE_BYTES), Buffer.allocUnsafeSlow(PIECE_BYTES)];
  let position = 0;
  let reading = file.read(buffer, 0, PIECE_BYTES, position);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      const piece = buffer.subarray(0, bytesRead);
      position += bytesRead;
      [buffer, spare] = [spare, buffer];
      reading = file.read(buffer, 0, PIECE_BYTES, position);
      yield piece;
    }
  } finally {
    // Nobody closes the file, or throws the memory away, while the system reads into it.
    await reading.catch(() => {});
  }
}
