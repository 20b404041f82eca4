import type { Clock } from "../../lib/async/clock.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { ReachabilityState } from "../../upstream/reachability.ts";
import { UpstreamError } from "../../upstream/transport/upstream-error.ts";
import { cautionsOf } from "./upstream-cautions.ts";
import type { Upstream, Upstreams } from "./upstreams.ts";

/**
 * Whether an upstream registry answers; `problem` is null when it does. While it is `away`, no pull waits for it, and
 * what is cached is served without it.
 */
export type UpstreamState = {
  readonly namespace: Namespace;
  readonly problem: string | null;
  readonly state: ReachabilityState;
  /** What is unsafe in the way to it. */
  readonly cautions: readonly string[];
};

const LIMIT_MS = 8_000;
/** Whoever asks often does not make larder ask the world as often. */
const REMEMBERED_MS = 15_000;

/** Checks whether each upstream registry answers. */
export class UpstreamHealth {
  readonly #upstreams: Upstreams;
  readonly #now: () => number;
  readonly #elapsed: () => number;
  readonly #onChange: () => void;
  #answer: Promise<readonly UpstreamState[]> | null = null;
  #known: { readonly atMs: number; readonly states: readonly UpstreamState[] } | null = null;
  #askedAtMs = 0;

  /** `onChange` is called when a check has told something else than the one before. */
  constructor(upstreams: Upstreams, { now, elapsed }: Clock, onChange: () => void = () => {}) {
    this.#onChange = onChange;
    this.#upstreams = upstreams;
    this.#now = now;
    this.#elapsed = elapsed;
  }

  /** All of them, in the order of the stand-in list; none while larder is offline. Takes up to 8 seconds. */
  async check(): Promise<readonly UpstreamState[]> {
    if (this.#upstreams.offline) return [];
    if (this.#answer === null || this.#elapsed() - this.#askedAtMs > REMEMBERED_MS) {
      this.#askedAtMs = this.#elapsed();
      this.#answer = Promise.all(this.#upstreams.all().map((upstream) => check(upstream, this.#now())));
      void this.#answer.then((states) => this.#note(states));
    }
    return this.#answer;
  }

  /**
   * What the last check told, at once, with its time; null: there was none. One that was long ago is done again meanwhile.
   */
  known(): { readonly atMs: number; readonly states: readonly UpstreamState[] } | null {
    void this.check();
    return this.#known;
  }

  #note(states: readonly UpstreamState[]): void {
    const before = this.#known?.states ?? null;
    this.#known = { atMs: this.#now(), states };
    if (!Bun.deepEquals(before, states)) this.#onChange();
  }
}

async function check(upstream: Upstream, nowMs: number): Promise<UpstreamState> {
  const { namespace, client } = upstream;
  const cautions = cautionsOf(upstream, nowMs);
  try {
    await client.ping({ signal: AbortSignal.timeout(LIMIT_MS) });
    return { namespace, problem: null, state: client.reachability(), cautions };
  } catch (error) {
    const unanswered = `${namespace} did not answer within ${LIMIT_MS / 1000} s`;
    const problem = error instanceof UpstreamError ? error.message : unanswered;
    return { namespace, problem, state: client.reachability(), cautions };
  }
}
