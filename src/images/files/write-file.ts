import { open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { writeBytes, writePieces } from "./write-pieces.ts";

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
