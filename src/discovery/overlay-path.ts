import { stat } from "node:fs/promises";
import { join } from "node:path";

/**
 * The folder of an xcluster overlay: the first folder called `name` in those that `searchPath` (the value of
 * XCLUSTER_OVLPATH, folders between colons) lists. Null when there is none, or `name` is no plain name.
 */
export async function findOverlay(name: string, searchPath: string | undefined): Promise<string | null> {
  if (!/^[\w][\w.+-]*$/.test(name)) return null;
  for (const folder of (searchPath ?? "").split(":")) {
    if (folder === "") continue;
    const candidate = join(folder, name);
    const details = await stat(candidate).catch(() => null);
    if (details?.isDirectory() === true) return candidate;
  }
  return null;
}
