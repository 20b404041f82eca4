import { SingleFlight } from "../../lib/async/single-flight.ts";
import { WaitingLine } from "../../lib/async/waiting-line.ts";
import type { Digest } from "../../oci/digest.ts";
import type { LayerIndex } from "./layer-index.ts";

/** Layers that are read at once, each some fraction of a core, and those that wait for that. */
const READINGS = { atOnce: 2, waiting: 20 };
/** Entries of all layers that are kept: about 250 bytes each. */
const NODES_KEPT = 400_000;
/** A small layer costs something, too. */
const NODES_AT_LEAST = 500;
/** What was not read to its end in time may be, another time. */
const HASTY_KEPT_MS = 5 * 60_000;

const NEVER = new AbortController().signal;

type Kept = { readonly index: LayerIndex; readonly weight: number; readonly atMs: number };

/**
 * What layers hold, as it was read: whoever looks into a folder looks into the next one. Those that were looked into last are
 * kept; nothing of them can change. A layer is read once for all who ask, and goes on when they leave.
 */
export class LayerShelf {
  readonly #line = new WaitingLine(READINGS);
  readonly #flights = new SingleFlight<Digest, LayerIndex>();
  readonly #kept = new Map<Digest, Kept>();
  readonly #elapsedMs: () => number;
  readonly #nodesKept: number;
  #weight = 0;

  constructor(elapsedMs: () => number, nodesKept = NODES_KEPT) {
    this.#elapsedMs = elapsedMs;
    this.#nodesKept = nodesKept;
  }

  /** What a layer holds, which `read` finds out where nobody has. Throws LineFull when many others are read. */
  async get(digest: Digest, read: () => Promise<LayerIndex>): Promise<LayerIndex> {
    const kept = this.#recall(digest);
    if (kept !== null) return kept;
    return this.#flights.run(digest, async () => {
      const index = await this.#line.run(NEVER, read);
      this.#keep(digest, index);
      return index;
    });
  }

  /** Does something else that takes as long. Throws LineFull, and the signal's reason. */
  run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#line.run(signal, work);
  }

  #recall(digest: Digest): LayerIndex | null {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return null;
    const isOld = kept.index.reading.end === "time" && this.#elapsedMs() - kept.atMs > HASTY_KEPT_MS;
    this.#kept.delete(digest);
    if (isOld) {
      this.#weight -= kept.weight;
      return null;
    }
    // What was asked for last goes last.
    this.#kept.set(digest, kept);
    return kept.index;
  }

  #keep(digest: Digest, index: LayerIndex): void {
    const weight = Math.max(NODES_AT_LEAST, index.tree.nodeCount);
    this.#kept.set(digest, { index, weight, atMs: this.#elapsedMs() });
    this.#weight += weight;
    for (const [oldest, { weight }] of this.#kept) {
      if (this.#weight <= this.#nodesKept) return;
      this.#kept.delete(oldest);
      this.#weight -= weight;
    }
  }
}
