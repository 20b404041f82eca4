/** The listeners of one kind of event. */
export class Subscribers<Told extends readonly unknown[]> {
  readonly #listeners = new Set<(...told: Told) => void>();

  /** Returns what ends the subscription. */
  add(listener: (...told: Told) => void): () => void {
    const own = (...told: Told): void => listener(...told);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  tell(...told: Told): void {
    for (const listener of this.#listeners) listener(...told);
  }
}
