import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { MetadataStore } from "../storage/metadata.ts";
import { openSqliteMetadata } from "../storage/metadata-sqlite.ts";
import { DatabaseInUse } from "../storage/sqlite-database.ts";

/** The data folder cannot be used. The message says why and what to do. */
export class DataFolderError extends Error {
  override readonly name = "DataFolderError";
}

/**
 * Makes the data folder when it is not there, for its owner alone, and opens its database, which keeps a second larder
 * out for as long as this process lives. Throws DataFolderError.
 */
export async function openDataFolder(folder: string): Promise<MetadataStore> {
  try {
    if ((await mkdir(folder, { recursive: true })) !== undefined) await chmod(folder, 0o700);
    await mkdir(join(folder, "uploads"), { recursive: true });
    return openSqliteMetadata(join(folder, "larder.db"));
  } catch (cause) {
    const what = `cannot keep data in ${folder}: ${explain(cause)}; choose another folder with --data`;
    throw new DataFolderError(what, { cause });
  }
}

function explain(error: unknown): string {
  if (error instanceof DatabaseInUse) return "another larder has it, or a program that reads its database; stop it";
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  switch (code) {
    case "EACCES":
    case "EPERM":
    case "SQLITE_CANTOPEN":
    case "SQLITE_READONLY":
      return "this user may not write there";
    case "EROFS":
      return "the file system is read-only";
    case "ENOTDIR":
    case "EEXIST":
      return "it is a file, not a folder";
    case "SQLITE_NOTADB":
    case "SQLITE_CORRUPT":
      return "its larder.db is damaged; put back a copy, or move it away and let larder fetch and take images anew";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
