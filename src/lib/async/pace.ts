const PATIENCE_MS = 15_000;
const SLOWEST_BYTES_PER_SECOND = 16 * 1024;

/**
 * How fast something small comes that is read whole. It may take its time on a slow line; but each of its pieces in time, it
 * could go on for days.
 */
export class Pace {
  readonly #startedMs = performance.now();
  readonly #patienceMs: number;

  /** In the first `patienceMs` it may be as slow as it is. */
  constructor(patienceMs = PATIENCE_MS) {
    this.#patienceMs = patienceMs;
  }

  get elapsedSeconds(): number {
    return Math.round((performance.now() - this.#startedMs) / 1000);
  }

  /** Is it too slow, with so many bytes by now: after the patience, are they fewer than 16 KiB for each second? */
  isTooSlow(bytes: number): boolean {
    const elapsedMs = performance.now() - this.#startedMs;
    return elapsedMs >= this.#patienceMs && bytes < (elapsedMs / 1000) * SLOWEST_BYTES_PER_SECOND;
  }
}
