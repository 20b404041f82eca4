import type { GivenFile } from "./given-files.ts";
import type { TarFile } from "./tar-of-files.ts";

/** Files that are read at once. */
const PARALLEL = 16;

/** What could be read of files, and the paths of those that could not. */
export type ReadFiles = { readonly files: readonly TarFile[]; readonly unreadable: readonly string[] };

/**
 * Reads files as they are now: what changes while it is sent would break the whole off, and nobody would be told which it was.
 * Throws the signal's reason.
 */
export async function readFiles(given: readonly GivenFile[], signal: AbortSignal): Promise<ReadFiles> {
  const contents: (Uint8Array<ArrayBuffer> | null)[] = [];
  let next = 0;
  const worker = async () => {
    while (next < given.length) {
      signal.throwIfAborted();
      const at = next++;
      const file = given[at]?.file;
      contents[at] =
        (await file?.arrayBuffer().then(
          (bytes) => new Uint8Array(bytes),
          () => null,
        )) ?? null;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  const files: TarFile[] = [];
  const unreadable: string[] = [];
  for (const [at, { path }] of given.entries()) {
    const content = contents[at] ?? null;
    if (content === null) unreadable.push(path);
    else files.push({ path, content });
  }
  return { files, unreadable };
}
