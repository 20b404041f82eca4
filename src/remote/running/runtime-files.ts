import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats, unlinkSync } from "node:fs";

/** Files in one folder that are looked at. More are nobody's doing who means well. */
const MOST_FILES = 200;
const MOST_BYTES = 256 * 1024;

/** The names of files in a folder of larders' that have this form; none where there is no such folder, or it is not for this user. */
export function recordsIn(folder: string, form: RegExp): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => form.test(name))
      .slice(0, MOST_FILES);
  } catch {
    return [];
  }
}

/** The JSON in a file that one of these users wrote and nobody else writes to; null when there is none. */
export function readTrustedFile(path: string, owners: ReadonlySet<number>): unknown {
  return readJson(path, ({ uid, mode }) => owners.has(uid) && (mode & 0o022) === 0);
}

/** The JSON in a file of that user's that nobody else may read; null when there is none. */
export function readSecretFile(path: string, ownerId: number): unknown {
  return readJson(path, ({ uid, mode }) => uid === ownerId && (mode & 0o077) === 0);
}

/** Takes a file away. That it has gone, with its folder even, is as good. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else did.
  }
}

/** Null when the file may not be believed, has just gone, or is of another form. */
function readJson(path: string, isBelieved: (details: Stats) => boolean): unknown {
  let descriptor: number;
  try {
    // A link may lead anywhere, and a pipe waits for who never comes.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const details = fstatSync(descriptor);
    if (!details.isFile() || !isBelieved(details) || details.size > MOST_BYTES) return null;
    const bytes = Buffer.alloc(details.size);
    return JSON.parse(bytes.toString("utf8", 0, readSync(descriptor, bytes))) as unknown;
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}
