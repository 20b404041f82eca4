import { setTimeout as sleep } from "node:timers/promises";

/** So far ahead of its rate work may be before it waits: many short waits cost more than they spread. */
const AHEAD_MS = 50;
/** A wait is looked at anew so often: the rate may have changed. */
const LONGEST_WAIT_MS = 1000;

/** Keeps work to so many bytes a second, however fast it could go. What was not done in time is not made up for. */
export class BytePace {
  readonly #rate: () => number;
  readonly #elapsed: () => number;
  /** When what was done so far may have been done. */
  #dueMs = 0;

  /** `rate` is asked for at each step, in bytes a second. */
  constructor(rate: () => number, elapsed: () => number) {
    this.#rate = rate;
    this.#elapsed = elapsed;
  }

  /** Waits until so many bytes more are in keeping with the rate. Throws when `signal` fires. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    const nowMs = this.#elapsed();
    this.#dueMs = Math.max(this.#dueMs, nowMs) + (bytes / Math.max(1, this.#rate())) * 1000;
    for (let waitMs = this.#dueMs - nowMs; waitMs > AHEAD_MS; waitMs = this.#dueMs - this.#elapsed()) {
      await sleep(Math.min(waitMs, LONGEST_WAIT_MS), null, { signal });
    }
  }
}
