import { ExpiringMap } from "../../lib/async/expiring-map.ts";
import type { Namespace } from "../../oci/repository-name.ts";
import type { Log } from "../../telemetry/log.ts";

/** The log tells of one image once in so long: nodes ask again and again. */
const TELL_EVERY_MS = 60_000;
const TOLD = 1000;
/** Beyond these, which nobody stands in for, nothing is counted. */
const NAMESPACES = 1000;

/** Counts since the start: images whose signatures were found good, and pulls that were refused. */
export type SignatureCounts = { readonly verified: number; readonly refused: number };

/** Counts what signatures came to, by namespace, and tells the log of refusals. */
export class RefusalCounter {
  readonly #log: Log;
  readonly #told: ExpiringMap<string, true>;
  readonly #counts = new Map<Namespace, { verified: number; refused: number }>();

  constructor(log: Log, elapsed: () => number) {
    this.#log = log;
    this.#told = new ExpiringMap(TELL_EVERY_MS, TOLD, elapsed);
  }

  get counts(): ReadonlyMap<Namespace, SignatureCounts> {
    return this.#counts;
  }

  verified(namespace: Namespace): void {
    this.#of(namespace).verified++;
  }

  refused(namespace: Namespace, image: string, why: string): void {
    this.#of(namespace).refused++;
    if (this.#told.get(image) !== null) return;
    this.#told.set(image, true);
    this.#log.write("warning", "an image was refused for want of a signature", { image, why });
  }

  #of(namespace: Namespace): { verified: number; refused: number } {
    let counts = this.#counts.get(namespace);
    if (counts === undefined) {
      counts = { verified: 0, refused: 0 };
      if (this.#counts.size < NAMESPACES) this.#counts.set(namespace, counts);
    }
    return counts;
  }
}
