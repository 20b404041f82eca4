import { type FileHandle, open } from "node:fs/promises";
import type { RangeReader } from "./range-reader.ts";
import { isNotFound } from "./system-error.ts";

/** A file's content, by a descriptor that stays good when the file is renamed or removed; null when there is none. */
export async function openFileRanges(path: string): Promise<RangeReader | null> {
  try {
    return new FileRanges(await open(path, "r"));
  } catch (error) {
    if (isNotFound(error)) return null;
    throw error;
  }
}

class FileRanges implements RangeReader {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async read(position: number, length: number): Promise<Uint8Array> {
    const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
