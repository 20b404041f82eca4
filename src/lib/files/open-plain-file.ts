import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { codeOf } from "./system-error.ts";

/** The error for what stands in a file's place: a link, a folder, a device. */
export class NoPlainFile extends Error {
  override readonly name = "NoPlainFile";
}

/**
 * Opens a file of somebody else's for reading. No link is followed in its last part, and a pipe keeps nobody waiting. Throws
 * NoPlainFile, saying what it is, and what the system says.
 */
export async function openPlainFile(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    // ENXIO: a socket, or a device that is not there.
    if (codeOf(cause) === "ELOOP") throw new NoPlainFile("it is a symbolic link", { cause });
    if (codeOf(cause) === "ENXIO") throw new NoPlainFile("it is no file", { cause });
    throw cause;
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new NoPlainFile("it is no file");
}
