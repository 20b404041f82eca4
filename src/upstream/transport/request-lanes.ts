import { UpstreamError } from "./upstream-error.ts";

/**
 * What a request is for. Each lane has room of its own: downloads that take an hour hold up no question, and questions
 * that wait for a token do not stand in the way of the one for the token.
 */
export type Lane = "auth" | "questions" | "content";

/** How many requests may be in flight, how many more may wait, and for how long, in milliseconds. */
type LaneLimits = { readonly inFlight: number; readonly waiting: number; readonly patienceMs: number };

/** The limits of each lane of one server. */
export const LANE_LIMITS: Readonly<Record<Lane, LaneLimits>> = {
  auth: { inFlight: 8, waiting: 500, patienceMs: 30_000 },
  questions: { inFlight: 20, waiting: 500, patienceMs: 30_000 },
  content: { inFlight: 36, waiting: 500, patienceMs: 120_000 },
};
const LANES: readonly Lane[] = ["auth", "questions", "content"];

/** What Bun has in flight at most in a process, unless its environment says another number. */
const RUNTIME_LIMIT = 256;
/** For requests that are made without lanes. */
const SPARE = 16;

/** How many requests this process may share out, by its environment. */
export function requestLimit(variables: Readonly<Record<string, string | undefined>>): number {
  const given = Number(variables["BUN_CONFIG_MAX_HTTP_REQUESTS"]);
  return (Number.isInteger(given) && given > 2 * SPARE ? given : RUNTIME_LIMIT) - SPARE;
}

type Waiting = { readonly start: () => void };
type LaneState = { inFlight: number; readonly waiting: Set<Waiting> };

/**
 * The requests of a process to all servers. The runtime has one pool for all, in which a server that never answers would
 * take every place: half of it is promised to the lanes of all servers in equal parts, the rest goes to who needs more.
 */
export class RequestBudget {
  readonly #total: number;
  readonly #servers: RequestLanes[] = [];

  constructor(total: number) {
    this.#total = total;
  }

  /** The lanes of one more server. `host` is for messages. */
  lanesOf(host: string): RequestLanes {
    const lanes = new RequestLanes(host, this);
    this.#servers.push(lanes);
    return lanes;
  }

  /** What each lane of each server may have in flight, whatever others do. */
  get promised(): number {
    return Math.max(1, Math.floor(this.#total / 2 / LANES.length / this.#servers.length));
  }

  /** Is there room for one who has what was promised? */
  hasSpare(): boolean {
    const { promised } = this;
    const spare = this.#total - promised * LANES.length * this.#servers.length;
    return this.#servers.reduce((sum, server) => sum + server.beyond(promised), 0) < spare;
  }

  /** Told when a request has ended: those who wait for room may start, one server after the other. */
  serveWaiting(): void {
    for (const server of this.#servers) server.startWaiting();
    const first = this.#servers.shift();
    if (first !== undefined) this.#servers.push(first);
  }
}

/** The requests to one server: how many are in flight, and who waits. */
export class RequestLanes {
  readonly #host: string;
  readonly #budget: RequestBudget;
  readonly #lanes: Readonly<Record<Lane, LaneState>> = {
    auth: emptyLane(),
    questions: emptyLane(),
    content: emptyLane(),
  };

  /** Only `RequestBudget` calls this. */
  constructor(host: string, budget: RequestBudget) {
    this.#host = host;
    this.#budget = budget;
  }

  /**
   * Waits for a place in the lane, and gives the function that leaves it, which may be called twice. Throws a `busy`
   * failure when too many wait already, or none becomes free for too long; the signal's reason when that fires.
   */
  async enter(lane: Lane, signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    const state = this.#lanes[lane];
    if (state.waiting.size > 0 || !this.#hasRoom(lane)) await this.#wait(lane, signal);
    else state.inFlight += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      state.inFlight -= 1;
      this.#budget.serveWaiting();
    };
  }

  /** How many more than `promised` its lanes have in flight. */
  beyond(promised: number): number {
    return LANES.reduce((sum, lane) => sum + Math.max(0, this.#lanes[lane].inFlight - promised), 0);
  }

  /** Lets those start for whom there is room now. */
  startWaiting(): void {
    for (const lane of LANES) {
      const { waiting } = this.#lanes[lane];
      for (const next of waiting) {
        if (!this.#hasRoom(lane)) break;
        waiting.delete(next);
        next.start();
      }
    }
  }

  #hasRoom(lane: Lane): boolean {
    const { inFlight } = this.#lanes[lane];
    if (inFlight >= LANE_LIMITS[lane].inFlight) return false;
    return inFlight < this.#budget.promised || this.#budget.hasSpare();
  }

  /** The place is taken for who waited before it goes on, so that nobody else takes it meanwhile. */
  async #wait(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    const state = this.#lanes[lane];
    const { waiting, patienceMs } = LANE_LIMITS[lane];
    if (state.waiting.size >= waiting) throw this.#busy(lane, "try again later");
    const turn = Promise.withResolvers<void>();
    const me: Waiting = {
      start: () => {
        state.inFlight += 1;
        turn.resolve();
      },
    };
    const leave = (reason: unknown): void => {
      if (state.waiting.delete(me)) turn.reject(reason);
    };
    const onAbort = (): void => leave(signal?.reason);
    const timer = setTimeout(() => leave(this.#busy(lane, `none had room within ${patienceMs / 1000} s`)), patienceMs);
    timer.unref();
    signal?.addEventListener("abort", onAbort, { once: true });
    state.waiting.add(me);
    try {
      await turn.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #busy(lane: Lane, more: string): UpstreamError {
    const { inFlight, waiting } = this.#lanes[lane];
    const asked = `${inFlight} requests to ${this.#host} are not answered yet and ${waiting.size} more are waiting`;
    return new UpstreamError({ kind: "busy" }, `${asked}; ${more}`);
  }
}

function emptyLane(): LaneState {
  return { inFlight: 0, waiting: new Set() };
}
