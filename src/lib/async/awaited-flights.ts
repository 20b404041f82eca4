/** A run of work, and who waits for it. */
type Flight<Result> = {
  readonly outcome: Promise<Result>;
  readonly controller: AbortController;
  waiting: number;
  ending: ReturnType<typeof setTimeout> | null;
};

/**
 * Lets concurrent callers of the same work share one run of it, as `SingleFlight` does, and ends a run that nobody waits for
 * any more: some time after the last one left, so that who comes back finds it going on.
 */
export class AwaitedFlights<Key, Result> {
  readonly #flights = new Map<Key, Flight<Result>>();
  readonly #graceMs: number;

  /** `graceMs` is how long a run goes on for nobody. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** How many runs are on their way. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * The outcome of the work under `key`: of the run that is on its way, else of a new one. The caller waits until `left`
   * fires; then the run may be ended, by the signal that the work was given, and rejects with that signal's reason.
   */
  async run(key: Key, left: AbortSignal, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const flight = this.#flights.get(key) ?? this.#begin(key, work);
    flight.waiting++;
    if (flight.ending !== null) clearTimeout(flight.ending);
    flight.ending = null;
    const leave = () => this.#leave(key, flight);
    if (left.aborted) leave();
    else left.addEventListener("abort", leave, { once: true });
    try {
      return await flight.outcome;
    } finally {
      left.removeEventListener("abort", leave);
    }
  }

  #begin(key: Key, work: (signal: AbortSignal) => Promise<Result>): Flight<Result> {
    const controller = new AbortController();
    const outcome = work(controller.signal).finally(() => {
      if (flight.ending !== null) clearTimeout(flight.ending);
      this.#forget(key, flight);
    });
    const flight: Flight<Result> = { outcome, controller, waiting: 0, ending: null };
    this.#flights.set(key, flight);
    return flight;
  }

  #leave(key: Key, flight: Flight<Result>): void {
    flight.waiting--;
    if (flight.waiting > 0) return;
    flight.ending = setTimeout(() => {
      // Who comes now gets a run of his own.
      this.#forget(key, flight);
      flight.controller.abort(new DOMException("nobody waits for it any more", "AbortError"));
    }, this.#graceMs);
    // A process that has nothing else to do ends.
    flight.ending.unref();
  }

  #forget(key: Key, flight: Flight<Result>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}
