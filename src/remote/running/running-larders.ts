import { dirname, join } from "node:path";
import * as v from "valibot";
import { leaveRecord } from "./leave-record.ts";
import { ownIdentity, processIdentity, stateOf } from "./process-identity.ts";
import { readTrustedFile, recordsIn } from "./runtime-files.ts";
import { foldersToRead, trustedOwners } from "./runtime-folders.ts";

type Environment = Readonly<Record<string, string | undefined>>;

const text = v.pipe(v.string(), v.maxLength(4096));
const record = v.object({
  process: processIdentity,
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

const FILE_NAME = /^\d+\.json$/;

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
  const left = { name: `${process.pid}.json`, content, mode: 0o644, isExclusive: false };
  const ownerOf = (path: string) => readRecord(path, trustedOwners(dirname(path)) ?? new Set())?.process ?? null;
  return leaveRecord(left, { names: FILE_NAME, ownerOf }, environment);
}

/** The larders that run on this machine and can be reached from here, the one that was started last first. */
export function findRunningLarders(environment: Environment): readonly RunningLarder[] {
  const found: RunningLarder[] = [];
  for (const folder of foldersToRead(environment)) {
    const owners = trustedOwners(folder);
    if (owners === null) continue;
    for (const name of recordsIn(folder, FILE_NAME)) {
      const read = readRecord(join(folder, name), owners);
      if (read === null || stateOf(read.process) !== "reachable") continue;
      const { process: owner, ...larder } = read;
      found.push({ pid: owner.pid, ...larder });
    }
  }
  return found.toSorted((a, b) => b.startedAtMs - a.startedAtMs || b.pid - a.pid);
}

/** Null when the file is not to be trusted, has just gone, or is of another version. */
function readRecord(path: string, owners: ReadonlySet<number>): v.InferOutput<typeof record> | null {
  const parsed = v.safeParse(record, readTrustedFile(path, owners));
  return parsed.success ? parsed.output : null;
}
