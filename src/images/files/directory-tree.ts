import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { RegistryError } from "../../oci/registry-error.ts";
import type { FileTree } from "./file-tree.ts";
import { readFileRange } from "./read-file-range.ts";
import { streamFrom } from "./stream-from.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";

/** The files below a directory. Throws MANIFEST_UNKNOWN when `directory` is not one. */
export async function openDirectoryTree(directory: string, location: string): Promise<FileTree> {
  const found = await stat(directory).catch(nullIfAbsent);
  if (found === null || !found.isDirectory()) {
    const what = found === null ? "does not exist" : "is not a directory";
    throw new RegistryError("MANIFEST_UNKNOWN", `${location}: ${directory} ${what}`);
  }
  return {
    location,
    async open(path) {
      const file = join(directory, path);
      const status = await stat(file).catch(nullIfAbsent);
      if (status === null || !status.isFile()) return null;
      return {
        sizeBytes: status.size,
        stream: (offset) => Promise.resolve(streamFrom(readClosing(file, offset, status.size - offset))),
      };
    },
    close: () => Promise.resolve(),
  };
}

async function* readClosing(file: string, start: number, length: number): AsyncGenerator<Uint8Array, void, void> {
  const handle = await open(file, "r");
  try {
    yield* readFileRange(handle, start, length);
  } finally {
    await handle.close();
  }
}
