import { randomUUID } from "node:crypto";
import { link, open, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "./sync-folder.ts";
import { codeOf } from "./system-error.ts";

/**
 * Writes a file that is never written again: whole or not at all, also when the power fails, and by one process only.
 * Returns false, and leaves the file alone, when it was there already: of several that try at once, one wins.
 */
export async function writeOnce(path: string, content: string, mode: number): Promise<boolean> {
  const draft = `${path}.${randomUUID()}`;
  const file = await open(draft, "wx", mode);
  try {
    try {
      await file.writeFile(content);
      await file.chmod(mode);
      await file.sync();
    } finally {
      await file.close();
    }
    // Unlike a rename, a link does not replace what is there.
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  } finally {
    await unlink(draft);
  }
  await syncFolder(dirname(path));
  return true;
}
