/**
 * What the data folder remembers of its database, in a small file that is replaced at once or not at all:
 *
 *   DIR/store.json   {"id": "9f…", "generation": 7, "isOpen": true, "damage": null, "version": "0.2.0"}
 *
 * It is written after the database has got the generation for good, so a database that is behind it is an older one.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";

const shape = v.object({
  id: v.string(),
  generation: v.number(),
  /** Was a larder running on it? Then its log must be there. */
  isOpen: v.boolean(),
  /** What is wrong with the database, once that was seen; until it is made anew nothing may be written to it. */
  damage: v.nullable(v.string()),
  /** The larder that last opened it; none is told up to 0.2. */
  version: v.optional(v.string()),
});

/** The mark of a data folder: which database belongs to it, and what is known to be wrong with that. */
export type StoreMark = v.InferOutput<typeof shape>;

/**
 * Reads the mark. Null when there is none, or none that can be read: then less damage is noticed, and nothing is
 * wrongly refused.
 */
export function readStoreMark(dataFolder: string): StoreMark | null {
  try {
    return v.parse(shape, JSON.parse(readFileSync(join(dataFolder, "store.json"), "utf8")));
  } catch {
    return null;
  }
}

/** Replaces the mark; it is on disk when this returns. */
export function writeStoreMark(dataFolder: string, mark: StoreMark): void {
  const path = join(dataFolder, "store.json");
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    writeSync(file, `${JSON.stringify(mark)}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
  const folder = openSync(dataFolder, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
