import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { LineFull, WaitingLine } from "../../lib/async/waiting-line.ts";
import { isDiskFull } from "../../lib/files/system-error.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type DiscoveryJob, type DiscoveryReport, tryParseDiscoveryReport } from "./discovery-job.ts";

/** What a process may take; what it looks through is a stranger's. */
export type DiscoveryLimits = {
  /** For the files to come. */
  readonly receiveMs: number;
  /** For looking through them. */
  readonly workMs: number;
  readonly memoryBytes: number;
  readonly outputBytes: number;
  /** Whose files come more slowly is ended while others wait, after so long. */
  readonly leastBytesPerSecond: number;
  readonly patienceMs: number;
};

/** As they are, but in tests. */
const LIMITS: DiscoveryLimits = {
  receiveMs: 180_000,
  workMs: 60_000,
  memoryBytes: 1 << 30,
  outputBytes: 32 << 20,
  leastBytesPerSecond: 64 << 10,
  patienceMs: 10_000,
};

/** A process takes a core; the second one is there so that a small list passes a large chart. */
const PARALLEL = 2;
const WAITING_LIMIT = 16;
/** What is kept of a process's last words. */
const LAST_WORDS = 2000;
const WATCH_MS = 100;

/** What is asked for, of how much. */
export type DiscoveryRequest = Omit<DiscoveryJob, "folder">;

/** What came of it: what was received, and then what was found, as it is told. */
export type FoundByProcess = {
  readonly files: number;
  readonly bytes: number;
  readonly reports: readonly DiscoveryReport[];
};

/**
 * Looks through files in processes of their own, a few at a time: a chart may take a core for long, and its author is
 * nobody's friend. Each has a folder for its files, which goes with it.
 */
export class DiscoveryPool {
  readonly #program: readonly string[];
  readonly #folder: string;
  readonly #limits: DiscoveryLimits;
  readonly #children = new Set<Bun.Subprocess>();
  readonly #line = new WaitingLine({ atOnce: PARALLEL, waiting: WAITING_LIMIT });
  #isStopped = false;

  /** `program` is this program, as a command line; `folder` is for the pool alone. */
  constructor(program: readonly string[], folder: string, limits = LIMITS) {
    this.#program = program;
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Removes what a kill left. */
  async tidy(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }

  /**
   * Looks through the files of a tar when its turn comes; `signal` ends it, before or then. Throws UNAVAILABLE when too many
   * wait or larder stops, BAD_REQUEST, PAYLOAD_TOO_LARGE or STORAGE_FULL for files that are not taken, and the signal's reason.
   */
  async run(request: DiscoveryRequest, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<FoundByProcess> {
    try {
      return await this.#line.run(signal, () => {
        if (this.#isStopped) throw stopping();
        return this.#inFolder((folder) => this.#work({ ...request, folder }, tar, signal));
      });
    } catch (error) {
      if (!(error instanceof LineFull)) throw error;
      throw new RegistryError(
        "UNAVAILABLE",
        "larder looks through the files of many others just now; ask again in a moment",
      );
    }
  }

  /** Ends all work at once. Resolves when its processes are gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all([...this.#children].map((child) => (child.kill("SIGKILL"), child.exited)));
  }

  async #inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
    const folder = await this.#newFolder();
    try {
      return await work(folder);
    } finally {
      await rm(folder, { recursive: true, force: true }).catch(() => {}); // The next start removes what is left.
    }
  }

  async #newFolder(): Promise<string> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      return await mkdtemp(join(this.#folder, "files-"));
    } catch (cause) {
      if (isDiskFull(cause)) throw new RegistryError("STORAGE_FULL", "the disk is full", { cause });
      throw new RegistryError("UNAVAILABLE", "larder cannot write to its data folder", { cause });
    }
  }

  async #work(job: DiscoveryJob, tar: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<FoundByProcess> {
    // It may have been stopped while the folder was made.
    if (this.#isStopped) throw stopping();
    const child = Bun.spawn([...this.#program, "discovery-work"], {
      // Nothing of the folder that the server was started in, nor of the files, is to be taken for settings.
      cwd: "/",
      env: {},
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      killSignal: "SIGKILL",
    });
    this.#children.add(child);
    const watch = new ProcessWatch(child, this.#limits, () => this.#line.waiting > 0);
    const end = () => child.kill("SIGKILL");
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      const told = Promise.all([readReports(child, watch), child.stderr.text(), child.exited]);
      await send(child.stdin, job, watch.counted(tar), child.exited);
      watch.isReceived();
      const [reports, words] = await told;
      if (this.#isStopped) throw stopping();
      signal.throwIfAborted();
      if (watch.isSlow) throw tooSlow();
      return resultOf(
        reports,
        watch.overrun,
        `${child.signalCode ?? child.exitCode}: ${words.slice(-LAST_WORDS).trim()}`,
      );
    } finally {
      end();
      watch.end();
      signal.removeEventListener("abort", end);
      this.#children.delete(child);
    }
  }
}

/** Ends a process that takes more than it may. */
class ProcessWatch {
  /** What it took too much of; null: nothing so far. */
  overrun: string | null = null;
  /** Did the files come so slowly that others waited too long? */
  isSlow = false;
  readonly #child: Bun.Subprocess;
  readonly #limits: DiscoveryLimits;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #othersWait: () => boolean;
  readonly #sinceMs = performance.now();
  #isReceiving = true;
  #receivedBytes = 0;
  #untilMs: number;
  #outputBytes = 0;

  constructor(child: Bun.Subprocess, limits: DiscoveryLimits, othersWait: () => boolean) {
    this.#child = child;
    this.#limits = limits;
    this.#othersWait = othersWait;
    this.#untilMs = performance.now() + limits.receiveMs;
    this.#timer = setInterval(() => void this.#look(), WATCH_MS);
  }

  /** The same bytes, which are counted as they come. */
  async *counted(tar: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of tar) {
      this.#receivedBytes += chunk.length;
      yield chunk;
    }
  }

  /** All files have been sent: the time for the work begins. */
  isReceived(): void {
    this.#isReceiving = false;
    this.#untilMs = performance.now() + this.#limits.workMs;
  }

  /** Its output has grown. */
  addOutput(bytes: number): void {
    this.#outputBytes += bytes;
    if (this.#outputBytes > this.#limits.outputBytes) this.#stop("they name more images than larder lists");
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (performance.now() > this.#untilMs) return this.#stop("it took too long");
    if (this.#isReceiving && this.#othersWait() && this.#isTooSlow()) {
      this.isSlow = true;
      this.#child.kill("SIGKILL");
      return;
    }
    const bytes = await residentBytes(this.#child.pid);
    if (bytes > this.#limits.memoryBytes) this.#stop("it took too much memory");
  }

  #isTooSlow(): boolean {
    const { leastBytesPerSecond, patienceMs } = this.#limits;
    const ms = performance.now() - this.#sinceMs;
    return ms > patienceMs && this.#receivedBytes < (ms / 1000) * leastBytesPerSecond;
  }

  #stop(why: string): void {
    this.overrun ??= why;
    this.#child.kill("SIGKILL");
  }
}

/** What a process has in memory; 0 where that cannot be told. */
async function residentBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
}

/** Sends the job and the files, at the speed at which they come and are taken. A process that refuses them ends, and is sent nothing more. */
async function send(
  input: Bun.FileSink,
  job: DiscoveryJob,
  tar: AsyncIterable<Uint8Array>,
  exited: Promise<number>,
): Promise<void> {
  let isGone = false;
  const gone = exited.then(() => void (isGone = true));
  try {
    await input.write(`${JSON.stringify(job)}\n`);
    const chunks = tar[Symbol.asyncIterator]();
    // A client that sends nothing more does not keep the place of a process that has ended.
    for (;;) {
      const next = await Promise.race([chunks.next(), gone]);
      if (next === undefined || next.done === true || isGone) break;
      await input.write(next.value);
      await Promise.race([input.flush(), gone]);
    }
    void chunks.return?.().catch(() => {}); // What still comes is nobody's.
    await input.end();
  } catch (error) {
    // A process that does not read has ended, and what it told says why; a client that left has its signal.
    if (!isGone) await Promise.race([gone, Bun.sleep(WATCH_MS)]);
    if (!isGone) throw error;
  }
}

async function readReports(
  { stdout }: Bun.Subprocess<"pipe", "pipe", "pipe">,
  watch: ProcessWatch,
): Promise<DiscoveryReport[]> {
  const reports: DiscoveryReport[] = [];
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stdout) {
    watch.addOutput(chunk.length);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const report = tryParseDiscoveryReport(line);
      if (report !== null) reports.push(report);
    }
  }
  return reports;
}

function resultOf(reports: readonly DiscoveryReport[], overrun: string | null, last: string): FoundByProcess {
  if (overrun !== null) {
    const advice = "give a part of the files, or use `larder images PATH` on the machine where they are";
    throw new RegistryError("PAYLOAD_TOO_LARGE", `the files are too much to look through here: ${overrun}; ${advice}`);
  }
  const [first, ...others] = reports;
  if (first?.kind === "refused") throw new RegistryError(first.code, first.message);
  const end = others.at(-1);
  if (first?.kind === "received" && end?.kind === "done")
    return { files: first.files, bytes: first.bytes, reports: others };
  const failed = reports.find((report) => report.kind === "failed");
  throw new Error(`the process that looks through files ended with ${failed?.message ?? last}`);
}

function tooSlow(): RegistryError {
  const what = "the files came slowly while others waited for their turn; ask again in a moment";
  return new RegistryError("UNAVAILABLE", what);
}

function stopping(): RegistryError {
  return new RegistryError("UNAVAILABLE", "larder is being stopped");
}
