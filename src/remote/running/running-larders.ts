import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { ownIdentity, stateOf } from "./process-identity.ts";
import { foldersToRead, foldersToWrite, isTrusted, isTrustedFolder, prepareFolder } from "./runtime-folders.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const text = v.pipe(v.string(), v.maxLength(4096));
const record = v.object({
  process: v.object({
    pid: v.pipe(v.number(), v.integer(), v.minValue(1)),
    startTicks: v.nullable(text),
    pidNamespace: v.nullable(text),
    networkNamespace: v.nullable(text),
  }),
  startedAtMs: v.pipe(v.number(), v.integer()),
  urls: v.pipe(v.array(text), v.minLength(1), v.maxLength(200)),
  dataFolder: text,
  authorityPem: v.nullable(v.pipe(v.string(), v.maxLength(64 * 1024))),
});

/** A larder that runs on this machine, as its own file says. */
export type RunningLarder = {
  readonly pid: number;
  readonly startedAtMs: number;
  /** Where it listens, at least one, those for this machine first: `http://localhost:5000`. */
  readonly urls: readonly string[];
  readonly dataFolder: string;
  /** PEM of its own certificate authority, or null. */
  readonly authorityPem: string | null;
};

/** Files in one folder that are looked at. More are nobody's doing who means well. */
const MOST_FILES = 200;
const MOST_BYTES = 256 * 1024;

/**
 * Writes down where this process, a larder, listens, so that commands find it whatever its port, and takes away what
 * larders that have ended left there. The function that comes back takes it away again; null when there is no folder for
 * it, which is no reason not to serve.
 */
export function announceLarder(
  larder: Omit<RunningLarder, "pid" | "startedAtMs">,
  environment: Environment,
): (() => void) | null {
  const content = JSON.stringify({ process: ownIdentity(), startedAtMs: Date.now(), ...larder });
  for (const folder of foldersToWrite(environment)) {
    if (!prepareFolder(folder)) continue;
    for (const name of recordsIn(folder)) forgetIfEnded(join(folder, name));
    const path = join(folder, `${process.pid}.json`);
    try {
      writeFileSync(`${path}.new`, content, { mode: 0o644, flag: "w" });
      renameSync(`${path}.new`, path);
    } catch {
      continue; // A full or read-only file system; the next one may do.
    }
    return () => remove(path);
  }
  return null;
}

/** The larders that run on this machine and can be reached from here, the one that was started last first. */
export function findRunningLarders(environment: Environment): readonly RunningLarder[] {
  const found: RunningLarder[] = [];
  for (const folder of foldersToRead(environment)) {
    if (!isTrustedFolder(folder)) continue;
    for (const name of recordsIn(folder)) {
      const read = readRecord(join(folder, name));
      if (read === null || stateOf(read.process) !== "reachable") continue;
      const { process: owner, ...larder } = read;
      found.push({ pid: owner.pid, ...larder });
    }
  }
  return found.toSorted((a, b) => b.startedAtMs - a.startedAtMs || b.pid - a.pid);
}

function recordsIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+\.json$/.test(name))
      .slice(0, MOST_FILES);
  } catch {
    return []; // Not there, or not for this user.
  }
}

/** Null when the file is not to be trusted, has just gone, or is of another version. */
function readRecord(path: string): v.InferOutput<typeof record> | null {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return null;
  }
  try {
    const details = fstatSync(descriptor);
    if (!details.isFile() || !isTrusted(details) || details.size > MOST_BYTES) return null;
    const bytes = Buffer.alloc(details.size);
    const parsed = v.safeParse(record, JSON.parse(bytes.toString("utf8", 0, readSync(descriptor, bytes))));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  } finally {
    closeSync(descriptor);
  }
}

function forgetIfEnded(path: string): void {
  const read = readRecord(path);
  if (read !== null && stateOf(read.process) === "ended") remove(path);
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Somebody else did, or the folder has gone: it is away.
  }
}
