/** Nobody more may wait in a line. */
export class LineFull extends Error {
  override readonly name = "LineFull";
}

/** Lets so many do something at once, and so many more wait, in the order in which they came. */
export class WaitingLine {
  readonly #waitingLimit: number;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(limits: { readonly atOnce: number; readonly waiting: number }) {
    this.#free = limits.atOnce;
    this.#waitingLimit = limits.waiting;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Runs `work` when its turn comes. Throws LineFull at once, and the signal's reason when that fires before the turn. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#wait(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#waitingLimit) throw new LineFull("too many are waiting");
    const turn = Promise.withResolvers<void>();
    const start = () => turn.resolve();
    const giveUp = () => {
      // One whose turn has come leaves by himself.
      if (this.#waiting.delete(start)) turn.reject(signal.reason);
    };
    this.#waiting.add(start);
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  }

  /** The place goes to who waits, before anyone who comes later can take it. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
