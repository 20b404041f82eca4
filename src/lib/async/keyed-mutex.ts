/** Runs work under a key one at a time; work under different keys runs side by side. */
export class KeyedMutex<Key> {
  readonly #tails = new Map<Key, Promise<unknown>>();

  /** Waits for all earlier work under `key`, then runs `work` and hands back its outcome. */
  async run<T>(key: Key, work: () => Promise<T>): Promise<T> {
    const earlier = this.#tails.get(key) ?? Promise.resolve();
    const mine = earlier.then(work, work);
    const tail = mine.then(
      () => {},
      () => {}, // The failure is the caller's to see; the next in the queue runs all the same.
    );
    this.#tails.set(key, tail);
    try {
      return await mine;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }

  /** Is work under `key` running or waiting? */
  isBusy(key: Key): boolean {
    return this.#tails.has(key);
  }
}
