/** Lets concurrent callers of the same work share one run of it, and its outcome. */
export class SingleFlight<Key, Result> {
  readonly #running = new Map<Key, Promise<Result>>();

  /** How many runs are on their way. */
  get size(): number {
    return this.#running.size;
  }

  /** Is a run of the work under `key` on its way? */
  has(key: Key): boolean {
    return this.#running.has(key);
  }

  /** The outcome of the work under `key`: of the run that is on its way, else of a new one. */
  run(key: Key, work: () => Promise<Result>): Promise<Result> {
    const running = this.#running.get(key);
    if (running !== undefined) return running;
    const mine = work().finally(() => this.#running.delete(key));
    this.#running.set(key, mine);
    return mine;
  }
}
