/** The contract of figures that a store keeps of itself: what it holds, and what was answered out of it. */
import type { Namespace } from "../oci/repository-name.ts";

/** What a store holds. Kept with each change, so that it costs nothing to ask for, however much there is. */
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

/** What was answered for a namespace, and out of what. Bytes are those of manifests and blobs. */
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
export type NamespaceTraffic = Traffic & { readonly namespace: Namespace };

/** So many namespaces are counted each for itself. */
export const TRAFFIC_NAMESPACES = 500;
/** Stands for all namespaces beyond those. No registry's host has a name without a dot or a port. */
export const OTHER_NAMESPACES = "other" as Namespace;

/** Figures of one store. */
export interface StatisticsStore {
  totals(): Promise<StoreTotals>;
  /** The traffic since the store began to count it. */
  traffic(): Promise<{ readonly sinceMs: number; readonly namespaces: readonly NamespaceTraffic[] }>;
  /**
   * Adds to the traffic, in one transaction that a power cut may take: when this fails, nothing was added. Of more than
   * `TRAFFIC_NAMESPACES` namespaces, those that came last are counted as `other`.
   */
  addTraffic(added: readonly NamespaceTraffic[]): Promise<void>;
}
