import { stat } from "node:fs/promises";
import type { KnownUser } from "../access/directory.ts";
import type { HtpasswdUsers } from "../access/passwords/htpasswd-users.ts";
import { parseHtpasswd } from "../access/passwords/parse-htpasswd.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import type { Log } from "../telemetry/log.ts";
import { ConfigurationError } from "./settings/configuration-error.ts";
import { readSettingFile } from "./settings/read-setting-file.ts";

const LOOK_EVERY_MS = 1000;
const MOST_PROBLEMS = 20;

type Users = ReadonlyMap<string, KnownUser>;

/**
 * Reads the users of an htpasswd file. Throws ConfigurationError, with the file, the line and what to do for each thing that is
 * wrong.
 */
export async function readHtpasswd(path: string): Promise<Users> {
  const { users, problems } = parseHtpasswd(await readSettingFile(path).catch(refuse));
  const told = problems.slice(0, MOST_PROBLEMS).map(({ line, why }) => `${path}:${line}: ${why}`);
  if (problems.length > told.length) told.push(`${path}: and ${problems.length - told.length} more`);
  if (told.length > 0) throw new ConfigurationError(told);
  return users;
}

function refuse(error: unknown): never {
  throw new ConfigurationError(`auth.htpasswd: ${describeFailure(error)}`, { cause: error });
}

/**
 * Keeps the users of the htpasswd file that is configured: it is looked at every second, for its time, size and inode, so that
 * files that are replaced by a rename are seen, too. What cannot be used is told to the log, and the users stay.
 */
export class HtpasswdFile {
  readonly #users: HtpasswdUsers;
  readonly #log: Log;
  #path: string | null = null;
  /** What the file looked like when it was read last. */
  #seen = "";
  #isLooking = false;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(users: HtpasswdUsers, log: Log) {
    this.#users = users;
    this.#log = log;
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Reads the file, null: there is none. What it returns makes its users those that there are. Throws ConfigurationError. */
  async prepare(path: string | null): Promise<() => void> {
    const seen = path === null ? "" : await looksOf(path);
    const users = path === null ? null : await readHtpasswd(path);
    return () => {
      [this.#path, this.#seen] = [path, seen];
      this.#users.replace(users);
    };
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    const path = this.#path;
    if (path === null || this.#isLooking) return;
    this.#isLooking = true;
    try {
      const seen = await looksOf(path);
      if (seen === this.#seen || path !== this.#path) return;
      const users = await readHtpasswd(path);
      if (path !== this.#path) return;
      this.#seen = seen;
      this.#users.replace(users);
      this.#log.write("info", "the htpasswd file has changed, and its users are in use", {
        file: path,
        users: users.size,
      });
    } catch (error) {
      this.#seen = await looksOf(path);
      const problems = error instanceof ConfigurationError ? error.problems : [describeFailure(error)];
      for (const problem of problems) {
        this.#log.write("error", "the htpasswd file has changed and cannot be used; its users stay as they were", {
          problem,
        });
      }
    } finally {
      this.#isLooking = false;
    }
  }
}

/** What changes when the file does. */
async function looksOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
    return [dev, ino, size, mtimeMs, ctimeMs].join(" ");
  } catch (error) {
    return describeFailure(error);
  }
}
