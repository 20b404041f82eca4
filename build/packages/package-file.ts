import { chmod, link, mkdir, readdir, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A file as a package brings it. It belongs to root, unless the package's scripts give it to somebody. */
export type PackageFile = {
  /** Where it lies on the machine: `/usr/bin/larder`. */
  readonly path: string;
  readonly mode: number;
  /** What is in it, or the path of a file here that it is. */
  readonly content: string | Uint8Array | { readonly sameAs: string };
};

/**
 * Lays out the files below `root` as they are to be packed: folders 0755, each time that of the source, whatever the umask
 * and the clock say. Files that are the same as one here become hard links to it, on the same file system.
 */
export async function writeTree(files: readonly PackageFile[], root: string, dateSeconds: number): Promise<void> {
  for (const { path, mode, content } of files) {
    const placed = join(root, path);
    await mkdir(dirname(placed), { recursive: true });
    if (typeof content === "object" && "sameAs" in content) await link(content.sameAs, placed);
    else await writeFile(placed, content);
    await chmod(placed, mode);
    await utimes(placed, dateSeconds, dateSeconds);
  }
  await setFolders(root, dateSeconds);
}

async function setFolders(folder: string, dateSeconds: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await setFolders(join(folder, entry.name), dateSeconds);
  }
  await chmod(folder, 0o755);
  await utimes(folder, dateSeconds, dateSeconds);
}
