/** A turn that is longer keeps others waiting noticeably; one that is much shorter spends its time on changing over. */
const TURN_MS = 5;

/** What `Turns` needs of its process. */
type TurnsOptions = {
  readonly turnMs?: number;
  readonly now?: () => number;
  /** Calls back when the event loop has come round once. */
  readonly nextRound?: (callback: () => void) => void;
};

/**
 * Cuts long work on the event loop into turns, so that whoever asks for little does not wait for one who asks for much.
 *
 * However many pieces of long work there are, one of them gets one turn each time the loop comes round: what a request
 * waits for does not grow with their number.
 */
export class Turns {
  readonly #turnMs: number;
  readonly #now: () => number;
  readonly #nextRound: (callback: () => void) => void;
  readonly #line: (() => void)[] = [];
  #nextInLine = 0;

  constructor({
    turnMs = TURN_MS,
    now = () => performance.now(),
    nextRound = (callback) => void setImmediate(callback),
  }: TurnsOptions = {}) {
    this.#turnMs = turnMs;
    this.#now = now;
    this.#nextRound = nextRound;
  }

  /** Begins a piece of work, in whose first turn this is. It ends when the signal is aborted. */
  begin(signal: AbortSignal | null = null): Work {
    const isOver = (sinceMs: number) => this.#now() - sinceMs >= this.#turnMs;
    return new Work({ now: this.#now, isOver, wait: () => this.#wait() }, signal);
  }

  #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#line.push(resolve);
    if (this.#line.length - this.#nextInLine === 1) this.#nextRound(() => this.#callNext());
    return promise;
  }

  #callNext(): void {
    this.#line[this.#nextInLine++]?.();
    if (this.#nextInLine < this.#line.length) return this.#nextRound(() => this.#callNext());
    this.#line.length = 0;
    this.#nextInLine = 0;
  }
}

type Clock = {
  readonly now: () => number;
  readonly isOver: (sinceMs: number) => boolean;
  readonly wait: () => Promise<void>;
};

/** A piece of work that is done in turns. */
export class Work {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | null;
  #sinceMs: number;

  constructor(clock: Clock, signal: AbortSignal | null) {
    this.#clock = clock;
    this.#signal = signal;
    this.#sinceMs = clock.now();
  }

  /** Is this turn used up? Where a step is tiny, asking first is cheaper than `rest`. */
  get isTurnOver(): boolean {
    return this.#clock.isOver(this.#sinceMs);
  }

  /** Lets others go first when this turn is used up. To be called between small steps. Throws when nobody wants the work. */
  async rest(): Promise<void> {
    this.#signal?.throwIfAborted();
    if (this.isTurnOver) await this.nextTurn();
  }

  /** Lets others go first: before a step that cannot be cut. Throws as `rest` does. */
  async nextTurn(): Promise<void> {
    await this.#clock.wait();
    this.#sinceMs = this.#clock.now();
    this.#signal?.throwIfAborted();
  }

  /** Takes steps until they come to a result, in as many turns as it takes. Throws as `rest` does, and what a step throws. */
  async finish<T>(steps: Iterator<void, T>): Promise<T> {
    for (;;) {
      const step = steps.next();
      if (step.done === true) return step.value;
      if (this.isTurnOver) await this.rest();
    }
  }
}
