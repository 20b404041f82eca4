import * as v from "valibot";

const manifest = v.object({
  kind: v.literal("manifest"),
  digest: v.string(),
  mediaType: v.string(),
  /** Base64. */
  bytes: v.string(),
});
const held = v.object({
  kind: v.literal("held"),
  repository: v.string(),
  manifest: v.string(),
  subject: v.nullable(v.string()),
  addedAtMs: v.number(),
  orphanedAtMs: v.nullable(v.number()),
  /** Null where that was not written down. */
  pushed: v.optional(v.nullable(v.picklist([0, 1])), null),
  /** As of the snapshot, 0: never; null: not told, and as it was. */
  pulledAtMs: v.optional(v.nullable(v.number()), null),
});
const dropped = v.object({ kind: v.literal("dropped"), repository: v.string(), manifest: v.string() });
const tag = v.object({
  kind: v.literal("tag"),
  repository: v.string(),
  name: v.string(),
  pushed: v.picklist([0, 1]),
  manifest: v.string(),
  updatedAtMs: v.number(),
  checkedAtMs: v.number(),
});
const untagged = v.object({
  kind: v.literal("untagged"),
  repository: v.string(),
  name: v.string(),
  pushed: v.picklist([0, 1]),
});
/** `value` is JSON; null: it is not set any more. */
const setting = v.object({ kind: v.literal("setting"), key: v.string(), value: v.nullable(v.string()) });
const cells = v.record(v.string(), v.nullable(v.union([v.string(), v.number()])));
/** A row of one of the `KEPT_TABLES`, by its columns; `gone`: the one with this key was deleted. */
const row = v.object({ kind: v.literal("row"), table: v.string(), row: cells });
const gone = v.object({ kind: v.literal("gone"), table: v.string(), key: cells });
const begin = v.object({ kind: v.literal("begin"), store: v.string(), atMs: v.number() });
const end = v.object({ kind: v.literal("end"), records: v.number() });

const shape = v.variant("kind", [manifest, held, dropped, tag, untagged, setting, row, gone, begin, end]);

/**
 * One thing that the database says, or that changed in it: all that files of blobs do not tell themselves. Records are
 * applied in order, and applying one twice changes nothing.
 *
 * `begin` is the first one of each file; `end` is the last one of a snapshot, and counts those between.
 */
export type StoreRecord = v.InferOutput<typeof shape>;

/** Formats a record as a line: the CRC-32 of the rest in eight hexadecimal digits, a space, JSON. */
export function formatRecord(record: StoreRecord): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

/** Parses a line without its line break; null when it is torn, or not as it was written. */
export function parseRecord(line: string): StoreRecord | null {
  const text = line.slice(9);
  if (line[8] !== " " || checksum(text) !== line.slice(0, 8)) return null;
  try {
    return v.parse(shape, JSON.parse(text));
  } catch {
    return null;
  }
}

function checksum(text: string): string {
  return Bun.hash.crc32(text).toString(16).padStart(8, "0");
}
