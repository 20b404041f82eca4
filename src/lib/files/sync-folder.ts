import { open } from "node:fs/promises";

/**
 * Makes the names in a folder durable: a created, renamed or removed file survives a power cut only once its folder
 * has been synced too.
 */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
