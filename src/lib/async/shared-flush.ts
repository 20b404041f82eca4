/**
 * Shares one expensive flush between all who ask for it meanwhile.
 *
 * A caller's wait ends when a flush that *began after the call* has ended: what the caller had written before it
 * called is then flushed. At most one flush runs and one is waiting, however many callers there are.
 */
export class SharedFlush {
  readonly #flush: () => Promise<void>;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** Waits until everything written before this call is flushed. Rejects when that flush failed. */
  flush(): Promise<void> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(
      () => this.#begin(),
      () => this.#begin(),
    );
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = null;
    const running = this.#flush().finally(() => {
      if (this.#running === running) this.#running = null;
    });
    this.#running = running;
    return running;
  }
}
