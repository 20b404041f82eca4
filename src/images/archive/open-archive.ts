import { type FileHandle, open } from "node:fs/promises";
import { detectCompression, MAGIC_BYTES } from "../../lib/compression/detect-compression.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { FileTree } from "../files/file-tree.ts";
import { inflate } from "../files/inflate.ts";
import { readFileRange } from "../files/read-file-range.ts";
import { type Spool, spoolPieces } from "../files/spool-file.ts";
import { openTarTree } from "../files/tar-tree.ts";
import { isNotFound } from "../../lib/files/system-error.ts";

/**
 * The members of an archive file, which may be compressed (gzip, zstd, xz, bzip2). A plain file is read where it lies;
 * a compressed one, or a pipe, is kept in a spool file meanwhile. Throws MANIFEST_UNKNOWN when there is no such file, and
 * what `openTarTree` throws.
 */
export async function openArchiveFile(path: string, location: string, spool: Spool): Promise<FileTree> {
  const handle = await openForReading(path, location);
  let isKept = false;
  try {
    const status = await handle.stat();
    if (status.isDirectory()) throw new RegistryError("MANIFEST_INVALID", `${location} is a directory, not an archive`);
    if (!status.isFile()) {
      return await openArchiveStream(handle.createReadStream({ autoClose: false }), location, spool);
    }
    if (status.size === 0) throw new RegistryError("MANIFEST_INVALID", `${location}: the file is empty`);
    if (!(await isPlain(handle))) {
      return await openArchiveStream(readFileRange(handle, 0, status.size), location, spool);
    }
    const tree = await openTarTree(handle, location);
    isKept = true;
    return tree;
  } finally {
    if (!isKept) await handle.close();
  }
}

/** The members of an archive that comes as a stream, compressed or not; kept in a spool file meanwhile. */
export async function openArchiveStream(
  pieces: AsyncIterable<Uint8Array>,
  location: string,
  spool: Spool,
): Promise<FileTree> {
  const handle = await spoolPieces(spool, inflate(pieces, `the archive ${location}`), location);
  try {
    return await openTarTree(handle, location);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function openForReading(path: string, location: string): Promise<FileHandle> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new RegistryError("MANIFEST_UNKNOWN", `${location}: the file ${path} does not exist`, { cause: error });
  }
}

async function isPlain(handle: FileHandle): Promise<boolean> {
  const { buffer, bytesRead } = await handle.read(new Uint8Array(MAGIC_BYTES), 0, MAGIC_BYTES, 0);
  return detectCompression(buffer.subarray(0, bytesRead)) === "none";
}
