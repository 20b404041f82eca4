import { chmodSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ProcessIdentity, stateOf } from "./process-identity.ts";
import { recordsIn, removeFile } from "./runtime-files.ts";
import { foldersToWrite, prepareFolder } from "./runtime-folders.ts";

/** A file that a running larder leaves for commands on its machine. */
export type LeftRecord = {
  readonly name: string;
  readonly content: string;
  readonly mode: number;
  /** Is a file that is there already, half made, left alone? It may be somebody's who means to read what is written into it. */
  readonly isExclusive: boolean;
};

/** The files of one kind: their names, and the process that one of them is of; null for one that is not to be trusted. */
export type RecordKind = {
  readonly names: RegExp;
  readonly ownerOf: (path: string) => ProcessIdentity | null;
};

/**
 * Leaves a file in the first folder that takes it, and takes away those of its kind whose larders have ended. The function that
 * comes back takes it away again; null when there is no folder for it.
 */
export function leaveRecord(
  { name, content, mode, isExclusive }: LeftRecord,
  { names, ownerOf }: RecordKind,
  environment: Readonly<Record<string, string | undefined>>,
): (() => void) | null {
  for (const folder of foldersToWrite(environment)) {
    if (!prepareFolder(folder)) continue;
    for (const other of recordsIn(folder, names)) {
      const owner = ownerOf(join(folder, other));
      if (owner !== null && stateOf(owner) === "ended") removeFile(join(folder, other));
    }
    const path = join(folder, name);
    try {
      writeFileSync(`${path}.new`, content, { mode, flag: isExclusive ? "wx" : "w" });
      // Whatever the process's mask leaves of it.
      chmodSync(`${path}.new`, mode);
      renameSync(`${path}.new`, path);
    } catch {
      continue; // A full or read-only file system; the next one may do.
    }
    return () => removeFile(path);
  }
  return null;
}
