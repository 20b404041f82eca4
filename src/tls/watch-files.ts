/**
 * Files that the operator brings: read, checked, and read again when they change.
 *
 * They are compared by content, every few seconds. That sees what other ways miss: a file replaced by a rename
 * (certbot), the symbolic link of a whole folder switched (Kubernetes secrets), two changes within one tick of the file
 * system's clock, network file systems without notifications.
 */
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { describeFailure } from "../lib/failures/describe-failure.ts";
import { type CertificateClock, CertificateError, type CertificateLog } from "./certificate-source.ts";

/** Which files, what is made of them, and by which clock they are looked at. */
export type WatchedFiles<T> = {
  readonly paths: readonly string[];
  /** Throws a CertificateError, naming file and reason, for texts that cannot be used. */
  readonly check: (texts: readonly string[]) => T;
  /** Told of what changed files hold. */
  readonly onChange: (value: T) => void;
  /** Said when they cannot be used: `the changed certificate files cannot be used; the old certificate stays`. */
  readonly complaint: string;
  readonly clock: CertificateClock;
  readonly log: CertificateLog;
};

const POLL_MS = 5_000;
/** Larger than any chain, small enough for a wrong path (a disk image) to do no harm. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * What the files hold now; throws a CertificateError, naming file and reason, when that cannot be used. Later contents
 * that cannot be used change nothing, and the log says why: not at the first sight, since files that belong together are
 * rarely replaced in the same instant, but at the second.
 */
export async function watchFiles<T>(files: WatchedFiles<T>): Promise<{ readonly first: T; readonly stop: () => void }> {
  const { paths, check, onChange, complaint, clock, log } = files;
  let seen = await readAll(paths);
  const first = check(seen);
  let problem = { text: "", isLogged: true };
  let isPolling = false;

  const poll = async () => {
    const texts = await readAll(paths);
    if (texts.every((text, index) => text === seen[index])) return;
    const value = check(texts);
    seen = texts;
    onChange(value);
  };
  const stop = clock.every(POLL_MS, () => {
    if (isPolling) return;
    isPolling = true;
    poll()
      .then(() => {
        problem = { text: "", isLogged: true };
      })
      .catch((error: unknown) => {
        const text = String(error);
        if (text === problem.text && !problem.isLogged) log.warn(complaint, { error: text });
        problem = { text, isLogged: text === problem.text };
      })
      .finally(() => {
        isPolling = false;
      });
  });
  return { first, stop };
}

async function readAll(paths: readonly string[]): Promise<readonly string[]> {
  const texts: string[] = [];
  for (const path of paths) texts.push(await readBounded(path));
  return texts;
}

async function readBounded(path: string): Promise<string> {
  try {
    // A pipe that nobody writes to would keep whoever opens it.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile()) throw new Error("it is not a file");
      if (status.size > MAX_FILE_BYTES) throw new Error("it is larger than 1 MiB");
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CertificateError(`cannot read ${path}: ${describeFailure(error)}`, { cause: error });
  }
}
