/** What comes within this time is one piece of news. */
const TOGETHER_MS = 200;

/** When something is asked again of which news come: never more often than once in a while, and only while somebody looks. */
export class AskAgain {
  readonly #again: () => void;
  readonly #everyMs: number;
  readonly #isSeen: () => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDue = false;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** `everyMs` lie between two questions at least. */
  constructor(again: () => void, everyMs: number, isSeen: () => boolean) {
    this.#again = again;
    this.#everyMs = everyMs;
    this.#isSeen = isSeen;
  }

  /** There are news. */
  note(): void {
    this.#isDue = true;
    const waitMs = Math.max(TOGETHER_MS, this.#lastMs + this.#everyMs - performance.now());
    this.#timer ??= setTimeout(() => this.#ask(), waitMs);
  }

  /** Somebody looks again: what came meanwhile is asked for. */
  seen(): void {
    if (this.#isDue && this.#timer === undefined) this.#ask();
  }

  /** Ends it. */
  end(): void {
    clearTimeout(this.#timer);
    this.#isDue = false;
  }

  #ask(): void {
    this.#timer = undefined;
    if (!this.#isSeen()) return;
    this.#isDue = false;
    this.#lastMs = performance.now();
    this.#again();
  }
}
