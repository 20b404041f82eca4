import type { CommandOutput } from "../lib/command/command-io.ts";

/**
 * Standard output or standard error. Not by way of `process.stdout`: to load that takes a quarter of the time that a
 * question to a larder takes in all.
 */
export class ProcessOutput implements CommandOutput {
  readonly #descriptor: 1 | 2;
  readonly #sink: ReturnType<typeof Bun.stdout.writer>;
  #taken: Promise<void> = Promise.resolve();
  #failure: NodeJS.ErrnoException | null = null;

  constructor(descriptor: 1 | 2) {
    this.#descriptor = descriptor;
    this.#sink = Bun.file(descriptor).writer();
  }

  get isTerminal(): boolean {
    return process.getBuiltinModule("node:tty").isatty(this.#descriptor);
  }

  write(text: string): void {
    this.#taken = this.#taken.then(() => this.#put(text));
  }

  /** Waits until everything was taken. The error's code when it was not; null also when the reader had enough. */
  async end(): Promise<string | null> {
    await this.#taken;
    if (this.#failure === null || this.#failure.code === "EPIPE") return null;
    return this.#failure.code ?? this.#failure.message;
  }

  async #put(text: string): Promise<void> {
    if (this.#failure !== null) return;
    try {
      await this.#sink.write(text);
      await this.#sink.flush();
    } catch (error) {
      this.#failure = error as NodeJS.ErrnoException;
    }
  }
}
