/** Backups, as they are fetched from a larder. */
import * as v from "valibot";
import { bytes, count, digest, timeMs } from "./basic-schemas.ts";
import { failed } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** A backup that is being fetched. */
export const backupId = { backup: v.pipe(v.string(), v.maxLength(64)) } as const;

/** What of a backup is read. */
export const backupFileName = v.pipe(v.string(), v.minLength(1), v.maxLength(255));

/** A backup for as long as it lasts: what is to be fetched besides its blobs, then that it is held, until it ends. */
export const backupProgress = v.variant("kind", [
  v.object({
    kind: v.literal("begun"),
    id: v.string(),
    takenAtMs: timeMs,
    store: v.object({ id: v.string(), generation: count }),
    files: v.array(v.object({ path: v.string(), bytes, sha256: v.string() })),
    blobs: v.object({ count, bytes }),
    folder: v.pipe(v.string(), v.description("larder's data folder, for one on the same machine")),
  }),
  v.object({ kind: v.literal("held") }),
  v.object({ kind: v.literal("ended") }),
  failed,
]);
/** A line about a backup. */
export type BackupProgress = Shape<typeof backupProgress>;

/** Which blobs of a backup are listed. */
export const backupBlobQuery = {
  after: v.optional(v.pipe(v.string(), v.maxLength(200), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 500),
} as const;

/** A page of a backup's blobs. */
export const backupBlobs = v.object({
  blobs: v.array(v.object({ digest, size: bytes })),
  next: v.pipe(v.nullable(v.string()), v.description("null: these were the last")),
});
