import type { RemoteParent } from "./trace-context.ts";

/** Which requests are traced. */
export type Sampling = {
  /** The share of requests, 0 to 1, that begin a trace. */
  readonly share: number;
  /** Does a client's `traceparent` decide for its request? Else the share does for it, too. */
  readonly followsClients: boolean;
  /** Traces a second that clients ask for, and as many that larder begins by itself: more are not traced. */
  readonly perSecond: number;
};

/**
 * Decides which requests are traced. A client that has decided is followed, as OpenTelemetry's parent-based samplers do, but no
 * stranger makes larder trace everything: only so many a second are.
 */
export class Sampler {
  readonly #sampling: Sampling;
  readonly #asked: Allowance;
  readonly #own: Allowance;

  constructor(sampling: Sampling, elapsed: () => number) {
    this.#sampling = sampling;
    this.#asked = new Allowance(sampling.perSecond, elapsed);
    this.#own = new Allowance(sampling.perSecond, elapsed);
  }

  decide(parent: RemoteParent | null): boolean {
    const { share, followsClients } = this.#sampling;
    if (parent !== null && followsClients) return parent.isSampled && this.#asked.take();
    if (share <= 0) return false;
    const isChosen = share >= 1 || (parent === null ? Math.random() : lotOf(parent.traceId)) < share;
    return isChosen && this.#own.take();
  }
}

/** The same for all who see the trace: 0 to 1, by its last 52 bits. */
function lotOf(traceId: string): number {
  return Number.parseInt(traceId.slice(-13), 16) / 2 ** 52;
}

/** So many a second, of which as many are there after a quiet second. */
class Allowance {
  readonly #perSecond: number;
  readonly #elapsed: () => number;
  #left: number;
  #atMs: number;

  constructor(perSecond: number, elapsed: () => number) {
    this.#perSecond = perSecond;
    this.#elapsed = elapsed;
    this.#left = perSecond;
    this.#atMs = elapsed();
  }

  take(): boolean {
    const nowMs = this.#elapsed();
    this.#left = Math.min(this.#perSecond, this.#left + ((nowMs - this.#atMs) * this.#perSecond) / 1000);
    this.#atMs = nowMs;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
