import { type FileHandle, mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { writeFailure, writePieces } from "./write-file.ts";

/**
 * A new, empty file in `directory` that has no name any more: it goes when the handle is closed or the process ends,
 * whatever way that is.
 */
export async function openSpoolFile(directory: string): Promise<FileHandle> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `larder-${crypto.randomUUID()}.spool`);
  const handle = await open(path, "wx+", 0o600);
  await rm(path);
  return handle;
}

/** The folder that archives are spooled in while they are read, and the signal that ends that. */
export type Spool = { readonly directory: string; readonly signal: AbortSignal };

/**
 * A spool file that holds `pieces`. `location` is what is read, for messages. Throws STORAGE_FULL, or the signal's
 * reason.
 */
export async function spoolPieces(
  { directory, signal }: Spool,
  pieces: AsyncIterable<Uint8Array>,
  location: string,
): Promise<FileHandle> {
  const handle = await openSpoolFile(directory);
  try {
    await writePieces(handle, 0, untilAborted(pieces, signal));
    return handle;
  } catch (error) {
    await handle.close();
    throw writeFailure(error, `${location} (kept in ${directory} while it is read)`);
  }
}

async function* untilAborted(
  pieces: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  for await (const piece of pieces) {
    signal.throwIfAborted();
    yield piece;
  }
}
