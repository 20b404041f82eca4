/**
 * What a backup is. A folder is laid out as a data folder is, so that larder can be started on it:
 *
 *   DIR/backup.json   what is in it; it is there when the backup is whole, and not while one is being made for the first time
 *   DIR/larder.db     the database as it was at one moment, without a log
 *   DIR/store.json    which store that is of
 *   DIR/tls/ DIR/aci/ keys and certificates, 0600
 *   DIR/blobs/…       all blobs that the database records
 *   DIR/backup.begun  larder has written into this folder; an interrupted backup is gone on with
 *
 * An archive is a tar of the same files, `backup.json` last: one that was cut off has none. Blobs come in the order of their
 * digests.
 */
import * as v from "valibot";

/** The file that says what a backup has, by its name in the backup. */
export const DESCRIPTION = "backup.json";
/** The file by which a folder is known as one for backups. */
export const BEGUN = "backup.begun";

const FORMAT = 1;

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const file = v.object({
  /** In the backup: `larder.db`, or below `tls/` and `aci/`. */
  path: v.pipe(v.string(), v.regex(/^(?:larder\.db|(?:tls|aci)\/[\w.@+-]{1,200})$/)),
  bytes: count,
  sha256,
});
const shape = v.object({
  format: v.literal(FORMAT),
  /** The version of the larder that made it. */
  larder: v.string(),
  takenAtMs: count,
  store: v.object({ id: v.string(), generation: count }),
  /** The database first. */
  files: v.pipe(v.array(file), v.minLength(1), v.maxLength(1000)),
  blobs: v.object({
    count,
    bytes: count,
    /** Of the digests of all blobs in their order, a line each. */
    sha256,
  }),
  /** Recorded blobs that could not be had, since they were rotten: the first thousand. They count among `blobs`. */
  lacking: v.array(v.string()),
});

/** What is in a backup. */
export type BackupDescription = v.InferOutput<typeof shape>;

/** So many lacking blobs are named. */
export const LACKING_NAMED = 1000;

/** What a backup has besides blobs, and when. */
type BegunContent = Pick<BackupDescription, "takenAtMs" | "store"> & {
  readonly files: readonly BackupDescription["files"][number][];
};

/** Describes a backup, out of what larder said when it began and what came of its blobs. */
export function describeBackup(
  version: string,
  { takenAtMs, store, files }: BegunContent,
  roll: Pick<BackupDescription, "blobs" | "lacking">,
): BackupDescription {
  const own = files.map(({ path, bytes, sha256: sum }) => ({ path, bytes, sha256: sum }));
  return { format: FORMAT, larder: version, takenAtMs, store, files: own, ...roll };
}

/** Reads a description. Null when it is none, or of a format that is not known. */
export function parseDescription(text: string): BackupDescription | null {
  try {
    const found = v.safeParse(shape, JSON.parse(text));
    return found.success ? found.output : null;
  } catch {
    return null;
  }
}

/** Writes a description. */
export function formatDescription(description: BackupDescription): string {
  return `${JSON.stringify(description, null, 2)}\n`;
}

/** The error for a backup that cannot be made, read or restored. The message says what to do. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}
