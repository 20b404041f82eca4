import type { Namespace } from "../../oci/repository-name.ts";

/** What was answered for a namespace, and out of what. Bytes are those of manifests and blobs. */
export type Traffic = {
  /** Answers from disk, without waiting for content from upstream. */
  hits: number;
  /** Answers that had to be fetched. */
  misses: number;
  bytesFromDisk: number;
  bytesFromUpstream: number;
};

/** Counts traffic by namespace, since the server started. */
export class TrafficCounter {
  readonly #byNamespace = new Map<Namespace, Traffic>();

  hit(namespace: Namespace, bytes: number): void {
    const traffic = this.#of(namespace);
    traffic.hits++;
    traffic.bytesFromDisk += bytes;
  }

  miss(namespace: Namespace): void {
    this.#of(namespace).misses++;
  }

  fetched(namespace: Namespace, bytes: number): void {
    this.#of(namespace).bytesFromUpstream += bytes;
  }

  /** Bytes that a second reader of a download took from disk. */
  shared(namespace: Namespace, bytes: number): void {
    this.#of(namespace).bytesFromDisk += bytes;
  }

  all(): readonly (Traffic & { namespace: Namespace })[] {
    return [...this.#byNamespace].map(([namespace, traffic]) => ({ namespace, ...traffic }));
  }

  #of(namespace: Namespace): Traffic {
    let traffic = this.#byNamespace.get(namespace);
    if (traffic === undefined) {
      traffic = { hits: 0, misses: 0, bytesFromDisk: 0, bytesFromUpstream: 0 };
      this.#byNamespace.set(namespace, traffic);
    }
    return traffic;
  }
}
