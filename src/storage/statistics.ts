/** The contract of figures that a store keeps of itself: what it holds, and what was answered out of it. */
import type { Namespace } from "../oci/repository-name.ts";

/**
 * The totals of a store's content. They are updated with each change, so that reading them costs nothing, however much
 * there is.
 */
export type StoreTotals = {
  readonly blobs: number;
  /** Bytes of those blobs. */
  readonly blobBytes: number;
  readonly manifests: number;
  /** Those that hold a manifest. */
  readonly repositories: number;
  readonly pushedTags: number;
  readonly cachedTags: number;
  /** Upload sessions of clients that have neither ended nor expired. */
  readonly uploads: number;
};

/** Counts of the answers for a namespace by where their content came from. Bytes are those of manifests and blobs. */
export type Traffic = {
  /** Answers from disk, without waiting for content from upstream. */
  readonly hits: number;
  /** Answers that had to be fetched. */
  readonly misses: number;
  /** Hits that may be older than what upstream has, since it could not be asked. */
  readonly stale: number;
  readonly bytesFromDisk: number;
  readonly bytesFromUpstream: number;
};
/** The traffic of one namespace. */
export type NamespaceTraffic = Traffic & { readonly namespace: Namespace };

/** The number of namespaces whose traffic is counted separately. */
export const TRAFFIC_NAMESPACES = 500;
/**
 * The name under which the traffic of all further namespaces is counted. It is no registry's host, which has a dot or
 * a port.
 */
export const OTHER_NAMESPACES = "other" as Namespace;

/** The figures of one store. */
export interface StatisticsStore {
  totals(): Promise<StoreTotals>;
  /** The traffic since the store began to count it. */
  traffic(): Promise<{ readonly sinceMs: number; readonly namespaces: readonly NamespaceTraffic[] }>;
  /**
   * Adds to the traffic, and to its history at this time, in one transaction that a power cut may take: when this fails, nothing was added. Of more than
   * `TRAFFIC_NAMESPACES` namespaces, those that came last are counted as `other`.
   */
  addTraffic(added: readonly NamespaceTraffic[], atMs: number): Promise<void>;
}
