/** What is waited for where a registry says that it is asked too much, and not for how long; it doubles. */
const FIRST_MS = 30_000;
const LONGEST_UNTOLD_MS = 15 * 60_000;
/** Docker Hub counts by windows of six hours. */
const LONGEST_MS = 6 * 3_600_000;

type Pause = {
  readonly untilMs: number;
  readonly count: number;
  isOver: boolean;
  readonly timer: ReturnType<typeof setTimeout>;
};

/** Which registries are to be left alone, and until when: for who fetches much, and has time. */
export class RegistryPauses {
  readonly #now: () => number;
  readonly #onEnd: () => void;
  readonly #pauses = new Map<string, Pause>();

  /** `onEnd` is called when a registry may be asked again. */
  constructor(now: () => number, onEnd: () => void) {
    this.#now = now;
    this.#onEnd = onEnd;
  }

  /** Is the registry of this image left alone just now? */
  isPaused(image: string): boolean {
    return this.#pauses.get(registryOf(image))?.isOver === false;
  }

  /** How often in a row its registry has been left alone. */
  countOf(image: string): number {
    return this.#pauses.get(registryOf(image))?.count ?? 0;
  }

  /** Leaves the registry of this image alone for as long as it says. Returns until when. */
  pause(image: string, retryAfterSeconds: number | null): number {
    const registry = registryOf(image);
    const known = this.#pauses.get(registry);
    // Several images of one registry hear of the same.
    if (known?.isOver === false) return known.untilMs;
    const count = (known?.count ?? 0) + 1;
    const untold = Math.min(LONGEST_UNTOLD_MS, FIRST_MS * 2 ** (count - 1));
    const waitMs = retryAfterSeconds === null ? untold : Math.min(LONGEST_MS, Math.max(1, retryAfterSeconds) * 1000);
    const untilMs = this.#now() + waitMs;
    const end = () => {
      pause.isOver = true;
      this.#onEnd();
    };
    const pause: Pause = { untilMs, count, isOver: false, timer: setTimeout(end, waitMs) };
    this.#pauses.set(registry, pause);
    return untilMs;
  }

  /** It answered: the next time counts as the first. */
  forget(image: string): void {
    if (!this.isPaused(image)) this.#pauses.delete(registryOf(image));
  }

  end(): void {
    for (const { timer } of this.#pauses.values()) clearTimeout(timer);
    this.#pauses.clear();
  }
}

function registryOf(image: string): string {
  return image.slice(0, image.indexOf("/"));
}
