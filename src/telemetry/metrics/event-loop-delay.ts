import { HistogramFamily } from "./histogram.ts";

const LOOK_EVERY_MS = 500;
const BOUNDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

/** What `EventLoopDelay` needs of its process. */
type Timing = {
  readonly elapsed: () => number;
  /** Calls back after so many milliseconds, without keeping the process alive. What comes back ends that. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
};

/**
 * Measures the delay of the event loop with a timer: how long work that is due waits for its turn, as a request does
 * that comes at any moment.
 */
export class EventLoopDelay {
  readonly family = new HistogramFamily(
    {
      name: "larder_event_loop_delay_seconds",
      help: "How late a timer comes, looked at twice a second: so long a request may wait for others' work",
      labels: [],
    },
    BOUNDS,
  );
  readonly #timing: Timing;
  #end: () => void = () => {};

  constructor(timing: Timing = { elapsed: () => performance.now(), after: afterUnref }) {
    this.#timing = timing;
  }

  /** Begins to look. What comes back ends it. */
  start(): () => void {
    this.#look();
    return () => this.#end();
  }

  #look(): void {
    const dueMs = this.#timing.elapsed() + LOOK_EVERY_MS;
    this.#end = this.#timing.after(LOOK_EVERY_MS, () => {
      this.family.of().observe(Math.max(0, this.#timing.elapsed() - dueMs) / 1000);
      this.#look();
    });
  }
}

function afterUnref(milliseconds: number, callback: () => void): () => void {
  const timer = setTimeout(callback, milliseconds);
  timer.unref();
  return () => clearTimeout(timer);
}
