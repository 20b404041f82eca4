/**
 * One timer and one signal for a request and its body: `signal` fires with the caller's reason when the caller's signal
 * does, or with the error that `start` was given when its time is over.
 */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal | undefined;
  readonly #onAbort: () => void;
  readonly #onClose: () => void;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** `onClose` is called when the request is over, however it ended; more than once, maybe. */
  constructor(outer: AbortSignal | undefined, onClose: () => void) {
    this.#outer = outer;
    this.#onClose = onClose;
    this.#controller.signal.addEventListener("abort", onClose, { once: true });
    this.#onAbort = () => this.#controller.abort(outer?.reason);
    outer?.addEventListener("abort", this.#onAbort, { once: true });
    if (outer?.aborted === true) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** From now on `milliseconds` remain; a time that ran before is forgotten. */
  start(milliseconds: number, overdue: () => Error): void {
    this.pause();
    this.#timer = setTimeout(() => this.#controller.abort(overdue()), milliseconds);
  }

  /** As `start`, for a time so long that a process that ends need not wait for it. */
  startLoosely(milliseconds: number, overdue: () => Error): void {
    this.start(milliseconds, overdue);
    this.#timer?.unref();
  }

  /** No time is running until the next `start`. */
  pause(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Lets go of the timer and of the caller's signal. Safe to call twice. */
  close(): void {
    this.pause();
    this.#outer?.removeEventListener("abort", this.#onAbort);
    this.#onClose();
  }
}
