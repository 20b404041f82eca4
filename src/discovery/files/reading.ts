/**
 * All that discovery reads of the disk goes through here: what a file names may lie anywhere, and the files of a stranger
 * are not to be told what else is on the machine.
 */
import { createReadStream, type Dirent, existsSync, type Stats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import type { BunFile } from "bun";

/** A folder outside of which nothing is read; null: all may be. It is the process's own, as its working folder is. */
let confines: string | null = null;

/**
 * From now on this process's discovery reads nothing outside of `folder`: what is there is as if it were not. For good,
 * and for a folder without links.
 */
export function confineReading(folder: string): void {
  if (confines !== null) throw new Error("reading is confined already");
  confines = resolve(folder);
}

/** Bytes are read in pieces of this size. */
const CHUNK_BYTES = 1 << 20;

/** Lists a folder. Throws when it is not there. */
export async function listFolder(path: string): Promise<Dirent[]> {
  return readdir(reachable(path), { withFileTypes: true });
}

/** The names in a folder; none when it is not there. */
export async function namesIn(path: string): Promise<readonly string[]> {
  return isReachable(path) ? await readdir(path).catch(() => []) : [];
}

/** What is at a path, links followed; null when nothing is. */
export async function tryStat(path: string): Promise<Stats | null> {
  return isReachable(path) ? await stat(path).catch(() => null) : null;
}

/** Is there anything at a path? */
export function isThere(path: string): boolean {
  return isReachable(path) && existsSync(path);
}

/** Where a path leads. Throws when it is not there. */
export async function whereLeads(path: string): Promise<string> {
  return realpath(reachable(path));
}

/** A file to read whole. Throws when it is out of reach; whether it is there tells who reads it. */
export function fileAt(path: string): BunFile {
  return Bun.file(reachable(path));
}

/** A file or pipe, piece by piece. */
export async function* openPieces(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  yield* createReadStream(reachable(path), { signal, highWaterMark: CHUNK_BYTES }) as AsyncIterable<Buffer>;
}

/** The files below a folder that a pattern matches, by their paths from there. One that leads out of it matches nothing where reading is confined. */
export async function* matchingFiles(folder: string, pattern: string): AsyncGenerator<string> {
  if (!isReachable(folder) || (confines !== null && pattern.split(/[\\/{},]/).includes(".."))) return;
  for await (const found of new Bun.Glob(pattern).scan({ cwd: folder, dot: true, followSymlinks: false })) {
    if (isReachable(join(folder, found))) yield found;
  }
}

function isReachable(path: string): boolean {
  if (confines === null) return true;
  const absolute = resolve(path);
  return absolute === confines || absolute.startsWith(confines + sep);
}

function reachable(path: string): string {
  if (isReachable(path)) return path;
  throw new Error("it is not among the files that were given");
}
