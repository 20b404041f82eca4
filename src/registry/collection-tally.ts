/** What is added up of a collection's report. */
type Collected = {
  readonly blobs: number;
  readonly bytes: number;
  readonly manifests: number;
  readonly setAside: number;
  readonly problem: string | null;
};

/** Sums of what collections did since the start. */
export type CollectionTotals = {
  readonly done: number;
  /** Something kept them from their work, or from all of it. */
  readonly refused: number;
  readonly failed: number;
  readonly blobs: number;
  readonly bytes: number;
  readonly manifests: number;
  readonly setAside: number;
  /** Milliseconds since 1970; null before the first. */
  readonly lastDoneAtMs: number | null;
};

/** Adds up what collections did. */
export class CollectionTally {
  #totals: CollectionTotals = {
    done: 0,
    refused: 0,
    failed: 0,
    blobs: 0,
    bytes: 0,
    manifests: 0,
    setAside: 0,
    lastDoneAtMs: null,
  };

  get totals(): CollectionTotals {
    return this.#totals;
  }

  /** Adds the outcome of a collection, which it hands back. */
  async watch<Report extends Collected>(running: Promise<Report>, now: () => number): Promise<Report> {
    try {
      const report = await running;
      this.#add(report, now());
      return report;
    } catch (error) {
      this.#totals = { ...this.#totals, failed: this.#totals.failed + 1 };
      throw error;
    }
  }

  #add({ blobs, bytes, manifests, setAside, problem }: Collected, atMs: number): void {
    const { done, refused, failed, ...before } = this.#totals;
    this.#totals = {
      done: done + Number(problem === null),
      refused: refused + Number(problem !== null),
      failed,
      blobs: before.blobs + blobs,
      bytes: before.bytes + bytes,
      manifests: before.manifests + manifests,
      setAside: before.setAside + setAside,
      lastDoneAtMs: problem === null ? atMs : before.lastDoneAtMs,
    };
  }
}
