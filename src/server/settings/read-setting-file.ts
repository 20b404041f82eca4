import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { describeFailure } from "../../lib/failures/describe-failure.ts";

/** Larger than any list or configuration that people write, small enough to be read and judged at once. */
const MAX_BYTES = 1024 * 1024;
/** A pipe has so long to bring all of it. */
const PIPE_LIMIT_MS = 10_000;
const PIPE_PAUSE_MS = 20;

/**
 * Reads the text of a file that a setting names, which may be a pipe, as a shell makes one of `<(…)`. Throws an Error
 * that names the file: it is not there, a folder, too long, or a pipe into which nobody writes.
 */
export async function readSettingFile(path: string): Promise<string> {
  try {
    // To open a pipe would wait for somebody who writes.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (status.isDirectory()) throw new Error("it is a folder");
      if (status.size > MAX_BYTES) throw new Error("it is longer than 1 MiB");
      return new TextDecoder().decode(status.isFile() ? await file.readFile() : await readPipe(file));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`cannot read ${path}: ${describeFailure(error)}`, { cause: error });
  }
}

async function readPipe(file: FileHandle): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const untilMs = performance.now() + PIPE_LIMIT_MS;
  while (performance.now() < untilMs) {
    const buffer = new Uint8Array(64 * 1024);
    const bytesRead = await readSome(file, buffer);
    if (bytesRead === 0 && length === 0) throw new Error("it is a pipe, and nobody writes into it");
    if (bytesRead === 0) return Buffer.concat(chunks);
    if (bytesRead === null) {
      await Bun.sleep(PIPE_PAUSE_MS);
      continue;
    }
    length += bytesRead;
    if (length > MAX_BYTES) throw new Error("it is longer than 1 MiB");
    chunks.push(buffer.subarray(0, bytesRead));
  }
  throw new Error(`it is a pipe that did not end within ${PIPE_LIMIT_MS / 1000} s`);
}

/** The number of bytes read; null when there are none yet. */
async function readSome(file: FileHandle, buffer: Uint8Array): Promise<number | null> {
  try {
    return (await file.read(buffer)).bytesRead;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return null;
    throw error;
  }
}
