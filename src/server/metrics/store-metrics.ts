import type { StatisticsStore } from "../../storage/statistics.ts";
import { gauge, type MetricDefinition } from "../../telemetry/metrics/metric-family.ts";
import type { MetricReader, Reading } from "../../telemetry/metrics/metric-reader.ts";

const BLOBS = gauge("larder_store_blobs", "Blobs that are recorded");
const BLOB_BYTES = gauge("larder_store_blob_bytes", "Bytes of these blobs");
const MANIFESTS = gauge("larder_store_manifests", "Manifests");
const REPOSITORIES = gauge("larder_store_repositories", "Repositories that hold a manifest");
const TAGS = gauge("larder_store_tags", "Tags, pushed by people or cached from upstream", "kind");
const UPLOADS = gauge("larder_uploads_open", "Uploads that have begun and neither ended nor expired");
const DOWNLOADS = gauge("larder_downloads_in_flight", "Blobs that are being fetched from upstream");
const FREE = gauge("larder_store_free_bytes", "Bytes of the data folder's file system that larder may still write");
const SIZE = gauge("larder_store_size_bytes", "All bytes of that file system");
const WRITABLE = gauge("larder_store_writable", "Whether anything may be written: 0 when larder's log says why not");
const RESERVE = gauge("larder_store_reserve_spent", "Whether the disk was so full that the reserve was given away");

/** What the metrics of a store are read from. */
export type StoreParts = {
  readonly statistics: StatisticsStore;
  /** How many blobs are being fetched. */
  readonly downloads: () => number;
  readonly disk: () => Promise<{ readonly freeBytes: number; readonly sizeBytes: number }>;
  readonly guard: { readonly problem: string | null };
  readonly reserve: { readonly isSpent: boolean };
};

/**
 * The metrics of the store, and apart from them those of its disk: when the disk hangs, the other figures are still
 * given.
 */
export function storeMetrics({ statistics, downloads, disk, guard, reserve }: StoreParts): readonly MetricReader[] {
  const readStore = async (): Promise<readonly Reading[]> => {
    const totals = await statistics.totals();
    return [
      reading(BLOBS, totals.blobs),
      reading(BLOB_BYTES, totals.blobBytes),
      reading(MANIFESTS, totals.manifests),
      reading(REPOSITORIES, totals.repositories),
      reading(TAGS, totals.pushedTags, "pushed"),
      reading(TAGS, totals.cachedTags, "cached"),
      reading(UPLOADS, totals.uploads),
    ];
  };
  const readState = (): readonly Reading[] => [
    reading(DOWNLOADS, downloads()),
    reading(WRITABLE, Number(guard.problem === null)),
    reading(RESERVE, Number(reserve.isSpent)),
  ];
  const readDisk = async (): Promise<readonly Reading[]> => {
    const { freeBytes, sizeBytes } = await disk();
    return [reading(FREE, freeBytes), reading(SIZE, sizeBytes)];
  };
  return [
    {
      name: "store",
      definitions: [BLOBS, BLOB_BYTES, MANIFESTS, REPOSITORIES, TAGS, UPLOADS],
      read: readStore,
    },
    { name: "state", definitions: [DOWNLOADS, WRITABLE, RESERVE], read: readState },
    { name: "disk", definitions: [FREE, SIZE], read: readDisk },
  ];
}

function reading(metric: MetricDefinition, value: number, ...labels: readonly string[]): Reading {
  return { metric, labels, value };
}
