import type { Clock } from "../../lib/async/clock.ts";
import { formatDuration } from "../../lib/text/duration.ts";
import type { DeliveryQueue } from "../../storage/deliveries.ts";
import type { Log } from "../../telemetry/log.ts";
import type { Attempt, Deliverer } from "./attempt.ts";
import { type NotificationEndpoint, showUrl } from "./endpoint.ts";
import type { Message } from "./message.ts";
import type { Notice } from "./notice.ts";
import { PullNotices } from "./pull-notices.ts";
import { isHopeless, pauseAfter } from "./retry-policy.ts";

/** How often the line of what was given up is repeated at most. */
const REPEAT_MS = 60_000;
const STORE_PAUSE_MS = 5000;

/** What a worker needs. */
export type WorkerParts = {
  readonly endpoint: NotificationEndpoint;
  readonly queue: DeliveryQueue;
  readonly deliverer: Deliverer;
  readonly render: (notice: Notice, endpoint: NotificationEndpoint) => Promise<Message>;
  readonly log: Log;
  readonly clock: Clock;
  /** Is told, often, when something was taken, was not, or is given up. */
  readonly onChange?: () => void;
};

/** A notice whose turn it is, and what to do when it has been dealt with. `attempts` have failed before. */
type Turn = {
  readonly notice: Notice;
  readonly attempts: number;
  readonly done: () => Promise<void>;
  readonly failed: () => Promise<void>;
  readonly giveUp: (failure: string) => Promise<void>;
};

/** How it goes with an endpoint, since the process began. `failure` is why the last attempt failed; null: it did not. */
export type WorkerState = {
  readonly delivered: number;
  readonly failedAttempts: number;
  readonly failure: string | null;
  readonly failingSinceMs: number | null;
  /** When it took something last; null: nothing yet. */
  readonly takenAtMs: number | null;
  readonly pullsWaiting: number;
  readonly pullsDropped: number;
};

/** Delivers to one endpoint, one notice at a time, in their order. */
export class EndpointWorker {
  readonly #parts: WorkerParts;
  readonly #stopping = new AbortController();
  readonly pulls: PullNotices;
  #running: Promise<void> = Promise.resolve();
  #wake: { readonly isIdle: boolean; readonly end: () => void } | null = null;
  /** Has something come while nobody waited for it? */
  #isCalled = false;
  /** What could not be written down: before it is, nothing else is done. */
  #unwritten: (() => Promise<void>) | null = null;
  #tried: { readonly id: string; readonly sinceMs: number } | null = null;
  #failures = 0;
  #delivered = 0;
  #failedAttempts = 0;
  #failure: string | null = null;
  #failingSinceMs: number | null = null;
  #takenAtMs: number | null = null;
  #toldGivenUpMs = Number.NEGATIVE_INFINITY;
  #untoldGivenUp = 0;

  constructor(parts: WorkerParts, pulls = new PullNotices()) {
    this.#parts = parts;
    this.pulls = pulls;
  }

  get state(): WorkerState {
    return {
      delivered: this.#delivered,
      failedAttempts: this.#failedAttempts,
      failure: this.#failure,
      failingSinceMs: this.#failingSinceMs,
      takenAtMs: this.#takenAtMs,
      pullsWaiting: this.pulls.count,
      pullsDropped: this.pulls.dropped,
    };
  }

  /** Begins once this has ended: the one before it, so that nothing is overtaken. */
  start(after: Promise<unknown> = Promise.resolve()): void {
    this.#running = after.then(() => this.#run());
  }

  /** Something waits. A pause after a failure goes on. */
  wake(): void {
    if (this.#wake?.isIdle === true) this.#wake.end();
    else this.#isCalled = true;
  }

  /** Tries at once what it would wait for. */
  hurry(): void {
    this.#failures = 0;
    if (this.#wake === null) this.#isCalled = true;
    else this.#wake.end();
  }

  /** Ends, an attempt in flight too: it is made again by whoever comes after. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake?.end();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        if (this.#unwritten !== null) {
          await this.#unwritten();
          this.#unwritten = null;
        }
        this.#isCalled = false;
        const turn = await this.#next();
        if (turn !== null) await this.#take(turn);
        else if (!this.#isCalled) await this.#pause(null);
      } catch {
        // The store takes nothing, and says so wherever it matters; what was delivered is not sent again meanwhile.
        await this.#pause(STORE_PAUSE_MS);
      }
    }
  }

  /** What happened first, of what waits in the store and of pulls; null: nothing waits. */
  async #next(): Promise<Turn | null> {
    const { queue, endpoint, clock } = this.#parts;
    const stored = await queue.next(endpoint.name);
    const pull = this.pulls.first;
    if (pull !== null && (stored === null || pull.atMs < stored.atMs)) {
      const remove = async () => this.pulls.remove(pull);
      const attempts = this.#tried?.id === pull.id ? this.#failures : 0;
      return { notice: pull, attempts, done: remove, failed: async () => {}, giveUp: remove };
    }
    if (stored === null) return null;
    const { id, record, attempts } = stored;
    return {
      notice: JSON.parse(record) as Notice,
      attempts,
      done: () => queue.done(id),
      failed: () => queue.failed(id),
      giveUp: (failure) => queue.giveUp(id, failure, clock.now()),
    };
  }

  async #take(turn: Turn): Promise<void> {
    const { endpoint, deliverer, render, clock } = this.#parts;
    const { notice } = turn;
    if (this.#tried?.id !== notice.id) this.#tried = { id: notice.id, sinceMs: clock.elapsed() };
    const attempt = await deliverer.deliver(await render(notice, endpoint), this.#stopping.signal);
    if (this.#stopping.signal.aborted && attempt.kind === "failed") return;
    if (attempt.kind === "taken") {
      this.#noteTaken();
      return this.#write(turn.done);
    }
    this.#noteFailure(attempt.failure);
    const forMs = clock.elapsed() - this.#tried.sinceMs;
    const tried = { attempts: turn.attempts + 1, forMs, ageMs: clock.now() - notice.atMs };
    if (isHopeless(attempt, tried)) {
      this.#noteGivenUp(attempt.failure);
      await this.#write(() => turn.giveUp(attempt.failure));
      this.#parts.onChange?.();
      return;
    }
    await this.#write(turn.failed);
    await this.#pause(this.#pauseMs(attempt));
  }

  async #write(how: () => Promise<void>): Promise<void> {
    this.#unwritten = how;
    await how();
    this.#unwritten = null;
  }

  #pauseMs(attempt: Extract<Attempt, { kind: "failed" }>): number {
    return pauseAfter(this.#failures, this.#parts.endpoint, attempt);
  }

  #noteTaken(): void {
    const { endpoint, log, clock } = this.#parts;
    this.#delivered++;
    this.#takenAtMs = clock.now();
    this.#parts.onChange?.();
    if (this.#failures >= this.#toldFrom && this.#failingSinceMs !== null) {
      const after = formatDuration(Math.round((clock.now() - this.#failingSinceMs) / 1000) * 1000);
      log.write("info", "an endpoint takes notifications again", { endpoint: endpoint.name, after });
    }
    this.#failures = 0;
    this.#failure = null;
    this.#failingSinceMs = null;
  }

  #noteFailure(failure: string): void {
    const { endpoint, log, clock } = this.#parts;
    this.#failures++;
    this.#failedAttempts++;
    this.#parts.onChange?.();
    this.#failure = failure;
    this.#failingSinceMs ??= clock.now();
    if (this.#failures !== this.#toldFrom) return;
    const fields = { endpoint: endpoint.name, url: showUrl(endpoint.url), problem: failure };
    log.write("warning", "an endpoint does not take notifications; they wait, and are tried again", fields);
  }

  /** A failure or two is nothing to speak of. */
  get #toldFrom(): number {
    return Math.min(this.#parts.endpoint.threshold, 3);
  }

  #noteGivenUp(problem: string): void {
    const { endpoint, log, clock } = this.#parts;
    this.#untoldGivenUp++;
    if (clock.elapsed() - this.#toldGivenUpMs < REPEAT_MS) return;
    const fields = { endpoint: endpoint.name, notifications: this.#untoldGivenUp, problem };
    log.write("warning", "notifications were given up; larder notifications shows them", fields);
    this.#toldGivenUpMs = clock.elapsed();
    this.#untoldGivenUp = 0;
  }

  /** Null: until something comes. */
  async #pause(ms: number | null): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = ms === null ? null : setTimeout(() => over.resolve(), ms);
    this.#wake = { isIdle: ms === null, end: () => over.resolve() };
    await over.promise;
    this.#wake = null;
    if (timer !== null) clearTimeout(timer);
  }
}
