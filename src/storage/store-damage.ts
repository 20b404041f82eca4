import { codeOf } from "../lib/files/system-error.ts";

/** What can be wrong with the database of a store that has files. */
export type DamageKind =
  /** It is not there, or empty. */
  | "gone"
  /** It is another store's, or no larder's. */
  | "foreign"
  /** It is a copy from before. */
  | "older"
  /** Its log is gone, and with it what was written last. */
  | "log lost"
  /** It cannot be read, or only in part. */
  | "unreadable";

/** The error for a database that is not this store's, or damaged. The message goes on from "its". */
export class StoreDamaged extends Error {
  override readonly name = "StoreDamaged";
  readonly kind: DamageKind;

  constructor(kind: DamageKind, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.kind = kind;
  }
}

/** Does SQLite say that the file is no database, or a damaged one? */
export function isSqliteDamage(error: unknown): boolean {
  const code = codeOf(error);
  return code.startsWith("SQLITE_CORRUPT") || code === "SQLITE_NOTADB";
}
