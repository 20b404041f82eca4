import { isAnswer, isOutOfReach, UpstreamError } from "./transport/upstream-error.ts";
import { addClause } from "../lib/text/add-clause.ts";
import type { UpstreamEvent } from "./upstream-event.ts";

/** `suspect`: it could not be reached, but has answered a moment ago. `away`: nobody waits for it. */
export type ReachabilityState = "reachable" | "suspect" | "away";

/** What watching a server needs. */
export type ReachabilityOptions = {
  /** For messages. */
  readonly host: string;
  /** Asks the server anything; resolves when it answered, throws an `UpstreamError` when not. */
  readonly probe: () => Promise<unknown>;
  /** May it be contacted now? */
  readonly mayProbe: () => boolean;
  /** Milliseconds, by a clock that nobody sets. */
  readonly elapsed: () => number;
  readonly observe: (event: UpstreamEvent) => void;
};

/** So many failures in a row, and it is away. */
const FAILURES = 3;
/** One failure is enough when it was waited for and nothing has come from there for so long. */
const LATELY_MS = 10_000;
const FIRST_PAUSE_MS = 5000;
const LONGEST_PAUSE_MS = 60_000;
/** Whoever asks meanwhile has it tried sooner, but not more often than this. */
const EAGER_PAUSE_MS = 2000;

/**
 * Whether one server can be reached at all. While it is away every question for it fails at once, since who waits for a
 * network that drops packets waits for each of them; it is tried again in the background, and comes back by itself.
 *
 *     reachable ──could not be reached──▶ suspect ──again, or nothing heard lately──▶ away
 *         ▲────────────────────────── any answer ─────────────────────────────────────┘
 *
 * Slowness, errors and refusals of a server that answers make it neither.
 */
export class Reachability {
  readonly #options: ReachabilityOptions;
  #state: ReachabilityState = "reachable";
  #failures = 0;
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  #awaySinceMs = 0;
  #problem: UpstreamError | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #probedAtMs = Number.NEGATIVE_INFINITY;
  #isProbing = false;

  constructor(options: ReachabilityOptions) {
    this.#options = options;
  }

  get state(): ReachabilityState {
    return this.#state;
  }

  /** Throws an `unreachable` failure while the server is away. */
  assertNotAway(): void {
    if (this.#state !== "away" || this.#problem === null) return;
    if (this.#options.elapsed() - this.#probedAtMs >= EAGER_PAUSE_MS) void this.#probe();
    throw new UpstreamError(
      this.#problem.failure,
      addClause(
        `${this.#options.host} is not reachable: ${this.#problem.message}`,
        "it is tried again in the background",
      ),
    );
  }

  /** Told of how each request ended: `error` is null when it was answered. */
  note(error: unknown): void {
    // Who was away and lets a question wait now has taken the connection.
    const isSlow = error instanceof UpstreamError && error.failure.kind === "timeout" && this.#state === "away";
    if (error === null || isAnswer(error) || isSlow) this.#noteAnswer();
    else if (error instanceof UpstreamError && isOutOfReach(error)) this.#noteFailure(error);
  }

  #noteAnswer(): void {
    const { host, elapsed, observe } = this.#options;
    this.#failures = 0;
    this.#answeredAtMs = elapsed();
    if (this.#state === "away") observe({ kind: "back", host, awayMs: elapsed() - this.#awaySinceMs });
    this.#state = "reachable";
    this.#problem = null;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #noteFailure(error: UpstreamError): void {
    const { host, elapsed, observe } = this.#options;
    this.#failures += 1;
    if (this.#state === "away") return;
    const wasWaitedFor = error.failure.kind === "unreachable" && error.failure.reason === "silent";
    const isForgotten = elapsed() - this.#answeredAtMs >= LATELY_MS;
    this.#state = this.#failures >= FAILURES || (wasWaitedFor && isForgotten) ? "away" : "suspect";
    if (this.#state !== "away") return;
    this.#problem = error;
    this.#awaySinceMs = elapsed();
    this.#probedAtMs = elapsed();
    this.#pauseMs = FIRST_PAUSE_MS;
    observe({ kind: "away", host, error });
    this.#probeLater();
  }

  #probeLater(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      void this.#probe();
    }, this.#pauseMs);
    // A process that has nothing else to do need not wait for this.
    this.#timer.unref();
  }

  async #probe(): Promise<void> {
    if (this.#isProbing || this.#state !== "away") return;
    this.#isProbing = true;
    try {
      if (!this.#options.mayProbe()) return;
      await this.#options.probe();
      this.note(null);
    } catch (error) {
      this.note(error);
    } finally {
      this.#isProbing = false;
      this.#probedAtMs = this.#options.elapsed();
      if (this.#state === "away") this.#probeLater();
    }
  }
}
