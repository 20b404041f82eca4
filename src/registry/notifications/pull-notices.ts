import type { Notice } from "./notice.ts";

/** So many wait for an endpoint: they are worth less than a pull that waits for a disk. */
const LIMIT = 1000;

/** Notices of pulls that wait for an endpoint, in memory: of too many the oldest go, and so do all with the process. */
export class PullNotices {
  #notices: Notice[] = [];
  dropped = 0;

  add(notice: Notice): void {
    this.#notices.push(notice);
    if (this.#notices.length < 2 * LIMIT) return;
    this.dropped += this.#notices.length - LIMIT;
    this.#notices = this.#notices.slice(-LIMIT);
  }

  get count(): number {
    return this.#notices.length;
  }

  get first(): Notice | null {
    return this.#notices[0] ?? null;
  }

  /** Takes away the first, if it still is the one. */
  remove(notice: Notice): void {
    if (this.#notices[0] === notice) this.#notices.shift();
  }
}
