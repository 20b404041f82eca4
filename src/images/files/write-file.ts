import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RegistryError } from "../../oci/registry-error.ts";
import { codeOf, isDiskFull } from "../../lib/files/system-error.ts";

/**
 * Writes a file that is there whole or not at all: under a name of its own first, synced, then renamed over `path`.
 * The folder is the caller's to sync. When `content` fails, nothing is left.
 */
export async function writeFile(path: string, content: Uint8Array | ReadableStream<Uint8Array>): Promise<void> {
  const temporary = join(dirname(path), `.larder-${crypto.randomUUID()}`);
  const handle = await open(temporary, "wx", 0o644);
  try {
    if (content instanceof Uint8Array) await writeBytes(handle, 0, content);
    else await writePieces(handle, 0, content);
    await handle.sync();
    await handle.close();
    await rename(temporary, path);
  } catch (error) {
    await handle.close().catch(() => {}); // It may be closed already; the first failure is the one to tell.
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The error to throw when writing to `location` failed: a full disk said in plain words, anything else as it is. */
export function writeFailure(error: unknown, location: string): unknown {
  if (!isDiskFull(error)) return error;
  const message = `${location}: there is no space left on the disk (${codeOf(error)})`;
  return new RegistryError("STORAGE_FULL", message, { cause: error });
}

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
