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
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #isStopped = false;

  /** `program` is this program, as a command line. */
  constructor(program: readonly string[]) {
    this.#program = program;
  }

  /** Does a job when its turn comes. Throws UNAVAILABLE when too many wait, or when the pool has been stopped. */
  async run(job: ConversionJob): Promise<ConversionResult> {
    await this.#takeTurn();
    try {
      if (this.#isStopped) throw stopping();
      return await this.#work(job);
    } finally {
      this.#endTurn();
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

  async #takeTurn(): Promise<void> {
    if (this.#running < PARALLEL) {
      this.#running++;
      return;
    }
    if (this.#waiting.length >= WAITING_LIMIT) {
      throw new RegistryError("UNAVAILABLE", `${WAITING_LIMIT} conversions are waiting already; ask again later`);
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  /** The turn goes on to the next who waits. */
  #endTurn(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }

  async #work(job: ConversionJob): Promise<ConversionResult> {
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
    try {
      await tell(child.stdin, job);
      const [output, words] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
      if (this.#isStopped) throw stopping();
      const how = child.signalCode ?? `status ${child.exitCode}`;
      const failure = `the process that converts ended with ${how}: ${words.slice(-LAST_WORDS).trim()}`;
      return tryParseConversionResult(output) ?? { kind: "failed", why: "fault", message: failure };
    } finally {
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
