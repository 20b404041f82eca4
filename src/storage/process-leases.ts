import type { Leases } from "./leases.ts";

type Held = { readonly fence: number; readonly untilMs: number };

/** Leases for a store that one process has for itself: they end with it. */
export class ProcessLeases implements Leases {
  readonly #held = new Map<string, Held>();
  readonly #elapsed: () => number;
  #fence = 0;

  /** `elapsed`: milliseconds that only grow. */
  constructor(elapsed: () => number) {
    this.#elapsed = elapsed;
  }

  async acquire(name: string, _holder: string, forMs: number): Promise<number | null> {
    if (this.#current(name) !== null) return null;
    this.#fence += 1;
    this.#held.set(name, { fence: this.#fence, untilMs: this.#elapsed() + forMs });
    return this.#fence;
  }

  async renew(name: string, fence: number, forMs: number): Promise<boolean> {
    if (this.#current(name)?.fence !== fence) return false;
    this.#held.set(name, { fence, untilMs: this.#elapsed() + forMs });
    return true;
  }

  async release(name: string, fence: number): Promise<void> {
    if (this.#held.get(name)?.fence === fence) this.#held.delete(name);
  }

  #current(name: string): Held | null {
    const held = this.#held.get(name);
    return held === undefined || held.untilMs <= this.#elapsed() ? null : held;
  }
}
