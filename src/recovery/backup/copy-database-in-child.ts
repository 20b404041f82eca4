import * as v from "valibot";
import type { DatabaseCopy } from "./copy-database.ts";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const shape = v.object({
  store: v.object({ id: v.string(), generation: count }),
  bytes: count,
  sha256: v.string(),
  blobs: count,
  blobBytes: count,
});

/** Far above what the largest database takes. */
const TIME_LIMIT_MS = 3_600_000;
/** What is kept of a process's last words. */
const LAST_WORDS = 2000;

/** As `copyDatabase`, by this program in a process of its own; `program` is its command line. */
export async function copyDatabaseInChild(
  program: readonly string[],
  { from, to }: { readonly from: string; readonly to: string },
  signal: AbortSignal,
): Promise<DatabaseCopy> {
  const child = Bun.spawn([...program, "copy-database", from, to], {
    cwd: "/",
    env: {},
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: TIME_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  const end = () => child.kill("SIGKILL");
  signal.addEventListener("abort", end, { once: true });
  try {
    const [output, words] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    signal.throwIfAborted();
    if (child.exitCode === 0) return v.parse(shape, JSON.parse(output));
    const how = child.signalCode ?? `status ${child.exitCode}`;
    const failure = new Error(`the database could not be copied (${how}): ${words.slice(-LAST_WORDS).trim()}`);
    throw /ENOSPC|SQLITE_FULL|disk is full/.test(words) ? Object.assign(failure, { code: "ENOSPC" }) : failure;
  } finally {
    signal.removeEventListener("abort", end);
  }
}
