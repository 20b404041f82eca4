import { LineFull, WaitingLine } from "../../lib/async/waiting-line.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { type ConversionJob, type ConversionResult, tryParseConversionResult } from "../convert/conversion-job.ts";

/** A conversion uses all processors by itself; the second one is there so that a small image passes a large one. */
const PARALLEL = 2;
/** More would be turned away after a wait that no client has the patience for. */
const WAITING_LIMIT = 64;
/** Far above what the largest images take; beyond it something hangs. */
const TIME_LIMIT_MS = 3_600_000;
/** What is kept of a process's last words. */
const LAST_WORDS = 2000;

/** Does jobs in processes of their own, a few at a time: hashing and compressing must not keep the server from answering. */
export class ConversionPool {
  readonly #program: readonly string[];
  readonly #children = new Set<Bun.Subprocess>();
  readonly #line = new WaitingLine({ atOnce: PARALLEL, waiting: WAITING_LIMIT });
  #isStopped = false;

  /** `program` is this program, as a command line. */
  constructor(program: readonly string[]) {
    this.#program = program;
  }

  /**
   * Does a job when its turn comes; `signal` ends it, before or then. Throws UNAVAILABLE when too many wait or the pool has
   * been stopped, and the signal's reason.
   */
  async run(job: ConversionJob, signal: AbortSignal): Promise<ConversionResult> {
    try {
      return await this.#line.run(signal, async () => {
        if (this.#isStopped) throw stopping();
        return this.#work(job, signal);
      });
    } catch (error) {
      if (!(error instanceof LineFull)) throw error;
      throw new RegistryError("UNAVAILABLE", `${WAITING_LIMIT} conversions are waiting already; ask again later`);
    }
  }

  /** Ends all work at once. Resolves when its processes are gone. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const ended = [...this.#children].map((child) => {
      child.kill("SIGKILL");
      return child.exited;
    });
    await Promise.all(ended);
  }

  async #work(job: ConversionJob, signal: AbortSignal): Promise<ConversionResult> {
    const child = Bun.spawn([...this.#program, "aci", "work"], {
      // Nothing of the folder that the server was started in is to be taken for settings.
      cwd: "/",
      env: {},
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
      timeout: TIME_LIMIT_MS,
      killSignal: "SIGKILL",
    });
    this.#children.add(child);
    const end = () => child.kill("SIGKILL");
    signal.addEventListener("abort", end, { once: true });
    try {
      signal.throwIfAborted();
      await tell(child.stdin, job);
      const [output, words] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      if (this.#isStopped) throw stopping();
      signal.throwIfAborted();
      const how = child.signalCode ?? `status ${child.exitCode}`;
      const failure = `the process that converts ended with ${how}: ${words.slice(-LAST_WORDS).trim()}`;
      return tryParseConversionResult(output) ?? { kind: "failed", why: "fault", message: failure };
    } finally {
      signal.removeEventListener("abort", end);
      this.#children.delete(child);
    }
  }
}

/** The input stays open: its end would tell the process that nobody waits for it any more. */
async function tell(input: Bun.FileSink, job: ConversionJob): Promise<void> {
  try {
    await input.write(`${JSON.stringify(job)}\n`);
    await input.flush();
  } catch {
    // A process that does not even read has ended, and its status and last words say more.
  }
}

function stopping(): RegistryError {
  return new RegistryError("UNAVAILABLE", "larder is being stopped");
}
