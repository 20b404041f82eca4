import type { Namespace } from "../../oci/repository-name.ts";
import { type NamespaceTraffic, OTHER_NAMESPACES, type Traffic } from "../../storage/statistics.ts";

/** So many namespaces that larder does not stand in for are counted each for itself: whoever may push makes them. */
const UNKNOWN_NAMESPACES = 100;

type Counts = { -readonly [Key in keyof Traffic]: Traffic[Key] };

/** Counts traffic by namespace, since the server started. */
export class TrafficCounter {
  readonly #isKnown: (namespace: Namespace) => boolean;
  readonly #byNamespace = new Map<Namespace, Counts>();
  #unknown = 0;

  /** Namespaces that are known are counted each for itself, however many there are. */
  constructor(isKnown: (namespace: Namespace) => boolean = () => false) {
    this.#isKnown = isKnown;
  }

  hit(namespace: Namespace, bytes: number): void {
    const traffic = this.#of(namespace);
    traffic.hits++;
    traffic.bytesFromDisk += bytes;
  }

  miss(namespace: Namespace): void {
    this.#of(namespace).misses++;
  }

  /** A hit, counted as one too, that upstream could not be asked about. */
  stale(namespace: Namespace): void {
    this.#of(namespace).stale++;
  }

  fetched(namespace: Namespace, bytes: number): void {
    this.#of(namespace).bytesFromUpstream += bytes;
  }

  /** Bytes that a second reader of a download took from disk. */
  shared(namespace: Namespace, bytes: number): void {
    this.#of(namespace).bytesFromDisk += bytes;
  }

  all(): readonly NamespaceTraffic[] {
    return [...this.#byNamespace].map(([namespace, traffic]) => ({ namespace, ...traffic }));
  }

  #of(namespace: Namespace): Counts {
    return this.#byNamespace.get(namespace) ?? this.#begin(namespace);
  }

  #begin(namespace: Namespace): Counts {
    const isOther = namespace === OTHER_NAMESPACES;
    if (!isOther && !this.#isKnown(namespace) && this.#unknown++ >= UNKNOWN_NAMESPACES) {
      return this.#of(OTHER_NAMESPACES);
    }
    const traffic = { hits: 0, misses: 0, stale: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };
    this.#byNamespace.set(namespace, traffic);
    return traffic;
  }
}
