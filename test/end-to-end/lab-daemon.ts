import type { Subprocess } from "bun";

const STOP_TIMEOUT_MS = 15_000;
const LAST_WORDS_MS = 2000;

/** A program that runs on a host of the lab until it is stopped. What it prints is kept, for messages of failures. */
export class LabDaemon {
  readonly #argv: readonly string[];
  readonly #enter: readonly string[];
  readonly #process: Subprocess<"ignore", "pipe", "pipe">;
  readonly #pumps: Promise<unknown>;
  readonly #insidePid = Promise.withResolvers<string>();
  #printed = "";
  #wake: () => void = () => {};

  /** `enter` is the command that enters the host. Only `LabHost` calls this. */
  constructor(argv: readonly string[], enter: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#argv = argv;
    this.#enter = enter;
    // nsenter stays outside as the parent: the id inside the host, which signals need, is the first line of output.
    this.#process = Bun.spawn([...enter, "sh", "-c", 'echo $$; exec "$@"', "sh", ...argv], {
      env: { LC_ALL: "C.UTF-8", ...environment },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#pumps = Promise.all([this.#collectOutput(), this.#collect(this.#process.stderr, "")]);
  }

  /** Everything printed so far, both streams. */
  output(): string {
    return this.#printed;
  }

  /** Waits until what was printed matches `pattern`. Throws, with all of it, when the program ends or time is up. */
  async printed(pattern: RegExp, timeoutMs: number): Promise<RegExpExecArray> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const match = pattern.exec(this.output());
      if (match !== null) return match;
      this.#requireRunning();
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) throw this.#failure(`did not print ${pattern} within ${timeoutMs} ms`);
      await Promise.race([new Promise<void>((resolve) => (this.#wake = resolve)), Bun.sleep(Math.min(leftMs, 250))]);
    }
  }

  /** Calls `check` until it returns true. Throws, with what the program printed, when it ends or time is up. */
  async until(check: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!(await check())) {
      this.#requireRunning();
      if (Date.now() > deadline) throw this.#failure(`was not ready within ${timeoutMs} ms`);
      await Bun.sleep(50);
    }
  }

  /** Sends SIGTERM, and SIGKILL when that does not help in 15 s. Resolves with the exit status. */
  async stop(): Promise<number> {
    const insidePid = await this.#insidePid.promise;
    this.#signal("TERM", insidePid);
    const timer = setTimeout(() => this.#signal("KILL", insidePid), STOP_TIMEOUT_MS);
    const status = await this.#process.exited;
    clearTimeout(timer);
    // The runtime sometimes misses the end of a pipe whose other end is closed; what was printed is here by then.
    await Promise.race([this.#pumps, Bun.sleep(LAST_WORDS_MS)]);
    return status;
  }

  #signal(signal: "TERM" | "KILL", insidePid: string): void {
    Bun.spawnSync([...this.#enter, "sh", "-c", `kill -${signal} ${insidePid}`], { stderr: "ignore" });
  }

  async #collectOutput(): Promise<void> {
    const reader = this.#process.stdout.getReader();
    const decoder = new TextDecoder();
    let first = "";
    while (!first.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) break;
      first += decoder.decode(value, { stream: true });
    }
    reader.releaseLock();
    const end = first.indexOf("\n");
    this.#insidePid.resolve(first.slice(0, end));
    await this.#collect(this.#process.stdout, first.slice(end + 1));
  }

  async #collect(stream: ReadableStream<Uint8Array>, alreadyRead: string): Promise<void> {
    this.#printed += alreadyRead;
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#printed += decoder.decode(chunk, { stream: true });
      this.#wake();
    }
    this.#wake();
  }

  #requireRunning(): void {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) throw this.#failure(`ended with ${signalCode ?? exitCode}`);
  }

  #failure(what: string): Error {
    return new Error(`${this.#argv.join(" ")} ${what}\n${this.output()}`);
  }
}
