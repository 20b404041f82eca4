import { formatDuration } from "../../lib/text/duration.ts";
import { type DistributionKey, honoured, itself, refused, setting } from "./key.ts";

const ELSEWHERE =
  "larder keeps its data in files: mount a disk or a volume, name it in storage.filesystem.rootdirectory, and copy the images over with larder copy or import-registry";

/** `storage`: where content is kept, and what becomes of it. */
export const STORAGE_KEYS: readonly DistributionKey[] = [
  honoured("storage.filesystem", "group", "files, as larder keeps them in any case"),
  setting("storage.filesystem.rootdirectory", "text", "data"),
  itself("storage.filesystem.maxthreads", "count", "files are read without threads of their own"),
  refused("storage.inmemory", "anything", "larder keeps its data in files; for a short life name a folder on a tmpfs"),
  ...["s3", "azure", "gcs"].map((driver) => refused(`storage.${driver}`, "anything", ELSEWHERE)),
  ...["swift", "oss"].map((driver) => refused(`storage.${driver}`, "anything", ELSEWHERE, { only: 2 })),
  setting("storage.delete.enabled", "switch", "delete"),
  itself("storage.redirect.disable", "switch", "larder sends every blob itself"),
  itself("storage.cache.blobdescriptor", "text", "what is asked for is in memory in any case"),
  itself("storage.cache.blobdescriptorsize", "count", "its size is bounded in any case"),
  itself("storage.cache.layerinfo", "text", "an old name of `blobdescriptor`"),
  itself("storage.tag.concurrencylimit", "count", "tags are looked up in a database", { only: 3 }),
  honoured(
    "storage.maintenance.uploadpurging.enabled",
    "switch",
    "`gc.uploads`; false: a silent upload is kept for ten years",
  ),
  setting("storage.maintenance.uploadpurging.age", "duration", "gc.uploads", (ms) => formatDuration(Number(ms))),
  itself("storage.maintenance.uploadpurging.interval", "duration", "`gc.every` says how often larder looks"),
  honoured("storage.maintenance.uploadpurging.dryrun", "switch", "as `enabled: false`"),
  setting("storage.maintenance.readonly.enabled", "switch", "readOnly"),
  itself("redis", "anything", "larder needs no Redis"),
];
