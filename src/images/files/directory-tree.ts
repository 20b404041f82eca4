import { open, stat } from "node:fs/promises";
import { RegistryError } from "../../oci/registry-error.ts";
import type { FileTree } from "./file-tree.ts";
import { readFileRange } from "./read-file-range.ts";
import { insideOf, leadsOut } from "./staged-folder.ts";
import { streamFrom } from "./stream-from.ts";
import { nullIfAbsent } from "../../lib/files/system-error.ts";

/**
 * The files below a directory; a link that leads out of it is refused with MANIFEST_INVALID when it is opened. Throws
 * MANIFEST_UNKNOWN when `directory` is not one.
 */
export async function openDirectoryTree(directory: string, location: string): Promise<FileTree> {
  const found = await stat(directory).catch(nullIfAbsent);
  if (found === null || !found.isDirectory()) {
    const what = found === null ? "does not exist" : "is not a directory";
    throw new RegistryError("MANIFEST_UNKNOWN", `${location}: ${directory} ${what}`);
  }
  return {
    location,
    async open(path) {
      const file = await insideOf(directory, path);
      if (file === null && (await leadsOut(directory, path))) {
        throw new RegistryError(
          "MANIFEST_INVALID",
          `${path} in ${location} is a link that leads out of it, and is not followed; cp -rL makes a copy without links`,
        );
      }
      const status = file === null ? null : await stat(file).catch(nullIfAbsent);
      if (file === null || status === null || !status.isFile()) return null;
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
