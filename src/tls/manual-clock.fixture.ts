import type { CertificateClock } from "./certificate-source.ts";

/** A clock that stands still until a test moves it. */
export class ManualClock implements CertificateClock {
  #now: number;
  readonly #timers = new Set<() => void>();

  constructor(now: number = Date.now()) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  every(_milliseconds: number, callback: () => void): () => void {
    this.#timers.add(callback);
    return () => this.#timers.delete(callback);
  }

  /** Moves the time, then lets every timer fire once and waits until `isDone`, at most 25 s. */
  async advance(milliseconds: number, isDone: () => boolean = () => true): Promise<void> {
    this.#now += milliseconds;
    for (const callback of this.#timers) callback();
    for (let waited = 0; waited < 25_000 && !isDone(); waited += 5) await Bun.sleep(5);
  }
}
