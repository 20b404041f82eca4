import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf } from "./system-error.ts";

/** Less takes more system calls; more takes longer to hash than a turn of the event loop should. */
const PIECE_BYTES = 512 << 10;

/**
 * Reads a file to its end without leaving it in the system's memory of files, nor taking it from there, where the file system
 * can do that (`O_DIRECT`): the disk is asked, and other files are not forgotten for it. A piece holds until the next one is
 * asked for. A link is not followed. Throws what the system says, ENOENT included.
 */
export async function* scanFile(path: string): AsyncGenerator<Uint8Array, void, void> {
  // The system wants memory at the start of a page, where an allocation of this size is.
  const buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let file = await openPast(path);
  let isPast = true;
  try {
    const { size } = await file.stat();
    for (let position = 0; position < size; ) {
      const bytesRead = await readAt(file, buffer, position, isPast);
      // Cut short before its end: said yes to the flag and no to the reading, as some file systems do; or the disk failed there.
      if (isPast && (bytesRead === null || position + bytesRead < Math.min(size, position + PIECE_BYTES))) {
        // What cannot be read fails in this way for certain.
        await file.close();
        file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        isPast = false;
        continue;
      }
      // It has become shorter: whoever compares it sees that.
      if (bytesRead === null || bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
      position += bytesRead;
    }
  } finally {
    await file.close();
  }
}

/** Null: the file system does not read in this way. */
async function readAt(file: FileHandle, buffer: Buffer, position: number, isPast: boolean): Promise<number | null> {
  try {
    return (await file.read(buffer, 0, buffer.byteLength, position)).bytesRead;
  } catch (error) {
    if (!isPast || codeOf(error) !== "EINVAL") throw error;
    return null;
  }
}

async function openPast(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECT);
  } catch (error) {
    if (codeOf(error) !== "EINVAL") throw error;
    return open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  }
}
