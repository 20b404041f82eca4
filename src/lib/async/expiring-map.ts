/** Remembers values for a while; the oldest go first when there are too many. */
export class ExpiringMap<Key, Value> {
  readonly #entries = new Map<Key, { value: Value; untilMs: number }>();
  readonly #lifetimeMs: number;
  readonly #limit: number;
  readonly #elapsed: () => number;

  /** `elapsed` is a clock that nobody sets: set back, it would keep everything for as long again. */
  constructor(lifetimeMs: number, limit: number, elapsed: () => number) {
    this.#lifetimeMs = lifetimeMs;
    this.#limit = limit;
    this.#elapsed = elapsed;
  }

  /** The value, or null when there is none or its time is over. */
  get(key: Key): Value | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    if (entry.untilMs > this.#elapsed()) return entry.value;
    this.#entries.delete(key);
    return null;
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, { value, untilMs: this.#elapsed() + this.#lifetimeMs });
    if (this.#entries.size <= this.#limit) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: Key): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
