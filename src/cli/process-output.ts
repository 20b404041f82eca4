import { writeSync } from "node:fs";
import type { CommandOutput } from "../lib/command/command-io.ts";
import { describeFailure } from "../lib/failures/describe-failure.ts";

/** What is written within so long goes out at once: a server that answers thousands of requests a second tells of each. */
const BATCH_MS = 5;
/** What a pipe takes whole or not at all (PIPE_BUF, pipe(7)). */
const WHOLE_BYTES = 4096;
/** How long a reader that does not read is waited for at the end, when nobody must have what is left. */
const PATIENCE_MS = 1000;

/**
 * Writes to standard output or standard error without `process.stdout`, whose loading takes a quarter of the time of a
 * whole question to a larder.
 */
export class ProcessOutput implements CommandOutput {
  readonly #descriptor: 1 | 2;
  readonly #sink: ReturnType<typeof Bun.stdout.writer>;
  #pending = "";
  #inFlightChars = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #draining: Promise<void> | null = null;
  #failure: NodeJS.ErrnoException | null = null;
  #other: ProcessOutput | null = null;

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
    this.#sink = Bun.file(descriptor).writer();
  }

  /** Whoever sees both on one terminal, or in one file, reads in the order in which it was written. */
  keepOrderWith(other: ProcessOutput): void {
    this.#other = other;
    other.#other = this;
  }

  get isTerminal(): boolean {
    return process.getBuiltinModule("node:tty").isatty(this.#descriptor);
  }

  get columns(): number | null {
    if (!this.isTerminal) return null;
    const stream = this.#descriptor === 1 ? process.stdout : process.stderr;
    const [columns] = stream.getWindowSize();
    return columns > 0 ? columns : null;
  }

  onResize(callback: () => void): () => void {
    process.on("SIGWINCH", callback);
    return () => process.off("SIGWINCH", callback);
  }

  get waitingChars(): number {
    return this.#pending.length + this.#inFlightChars;
  }

  write(text: string): void {
    // Who reads has left, or the disk is full: nobody waits for the rest.
    if (this.#failure !== null) return;
    this.#other?.goFirst();
    this.#pending += text;
    if (this.#timer === null && this.#draining === null) this.#timer = setTimeout(() => void this.#drain(), BATCH_MS);
  }

  /** What waits goes out now, where that takes no time: the other stream has something to say. */
  goFirst(): void {
    if (this.#pending === "" || this.#inFlightChars > 0 || Buffer.byteLength(this.#pending) > WHOLE_BYTES) return;
    try {
      writeSync(this.#descriptor, this.#pending);
      this.#pending = "";
    } catch {
      // Nobody takes it just now: it goes out as it would have, and a failure shows then.
    }
  }

  /** Waits until everything was taken. Why not, when it was not; null also when the reader had enough. */
  async end(): Promise<string | null> {
    await this.#drain();
    if (this.#failure === null || this.#failure.code === "EPIPE") return null;
    return describeFailure(this.#failure);
  }

  /** Waits a moment until everything was taken: a log's reader that has stopped must not keep the process. */
  async endSoon(): Promise<void> {
    await Promise.race([this.end(), Bun.sleep(PATIENCE_MS)]);
  }

  /** Writes what is left, as far as it is taken at once: for when the process ends, whatever ends it. */
  flushNow(): void {
    try {
      if (this.#pending !== "" && this.#inFlightChars === 0) writeSync(this.#descriptor, this.#pending);
    } catch {
      // Nobody takes it, and there is nobody left to tell.
    }
    this.#pending = "";
  }

  #drain(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#draining ??= this.#putAll().finally(() => {
      this.#draining = null;
    });
    return this.#draining;
  }

  async #putAll(): Promise<void> {
    while (this.#pending !== "" && this.#failure === null) {
      const text = this.#pending;
      this.#pending = "";
      this.#inFlightChars = text.length;
      try {
        await this.#sink.write(text);
        await this.#sink.flush();
      } catch (error) {
        this.#failure = error as NodeJS.ErrnoException;
        this.#pending = "";
      }
      this.#inFlightChars = 0;
    }
  }
}
