import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../../lib/files/sync-folder.ts";
import { readFileRange } from "../files/read-file-range.ts";
import { openSpoolFile } from "../files/spool-file.ts";

/** The file that an archive is written into, and what makes it visible when it is whole. */
export type ArchiveTarget = {
  readonly handle: FileHandle;
  /** `sizeBytes` is the archive's. Closes the handle. */
  publish(sizeBytes: number): Promise<void>;
  /** Leaves nothing behind. Safe to call after `publish`. */
  discard(): Promise<void>;
};

/** The archive file `path`, which is replaced when the new one is whole. */
export async function fileTarget(path: string): Promise<ArchiveTarget> {
  const temporary = join(dirname(path), `.larder-${crypto.randomUUID()}`);
  const handle = await open(temporary, "wx", 0o644);
  return {
    handle,
    async publish() {
      await handle.sync();
      await handle.close();
      await rename(temporary, path);
      await syncFolder(dirname(path));
    },
    async discard() {
      await handle.close().catch(() => {}); // It may be closed already, which is what is wanted.
      await rm(temporary, { force: true });
    },
  };
}

/** An archive that is spooled in `spoolDirectory` until it is whole, and then given to `send` as a stream. */
export async function streamTarget(
  spoolDirectory: string,
  send: (archive: AsyncGenerator<Uint8Array, void, void>) => Promise<void>,
): Promise<ArchiveTarget> {
  const handle = await openSpoolFile(spoolDirectory);
  return {
    handle,
    async publish(sizeBytes) {
      await send(readFileRange(handle, 0, sizeBytes));
      await handle.close();
    },
    discard: () => handle.close().catch(() => {}), // It may be closed already.
  };
}
