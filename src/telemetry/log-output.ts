/** Where lines go at last: a stream that says how much of what it was given still waits. */
type LineSink = { waitingChars(): number; write(text: string): void };

/** So much waits in memory for a reader that does not read; then lines are left out. */
const WAITING_LIMIT_CHARS = 4 << 20;

/**
 * Writes lines to a stream whose reader may be slow or have stopped, without ever waiting for it. Lines that do not
 * fit are dropped, and a line that says how many were is written before the next one that fits.
 */
export class LogOutput {
  readonly #sink: LineSink;
  /** Writes the line about so many that were left out. */
  readonly #tellOfLoss: (lines: number) => string;
  /** Since the last line that was written. */
  #lost = 0;
  #lostInAll = 0;

  constructor(sink: LineSink, tellOfLoss: (lines: number) => string) {
    this.#sink = sink;
    this.#tellOfLoss = tellOfLoss;
  }

  /** How many lines were left out, ever. */
  get droppedLines(): number {
    return this.#lostInAll;
  }

  readonly writeLine = (line: string): void => {
    if (this.#sink.waitingChars() > WAITING_LIMIT_CHARS) {
      this.#lost++;
      this.#lostInAll++;
      return;
    }
    if (this.#lost > 0) {
      this.#sink.write(this.#tellOfLoss(this.#lost));
      this.#lost = 0;
    }
    this.#sink.write(line);
  };
}
