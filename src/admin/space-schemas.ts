/** What takes the space, and what would go next. */
import * as v from "valibot";
import { bytes, count, digest, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

const place = v.object({
  name: v.string(),
  repositories: count,
  bytes: v.pipe(bytes, v.description("of the blobs that it links; those that several link count for each of them")),
});

/** What takes the space, as a whole. */
export const space = v.object({
  maxBytes: v.pipe(v.nullable(bytes), v.description("`maxSize`; null: there is no limit")),
  keepFreeBytes: v.pipe(bytes, v.description("how much of the disk is to stay free")),
  freeBytes: bytes,
  diskBytes: bytes,
  usedBytes: v.pipe(bytes, v.description("what the data folder takes, with what is promised to downloads under way")),
  problem: sentence("why these limits are not kept, and what to do; null when they are"),
  blobs: v.pipe(
    v.object({ pushedBytes: bytes, cachedBytes: bytes, unheldBytes: bytes }),
    v.description(
      "blobs of what a person pushed; those of cached images alone; those that no manifest names, such as of pushes under way",
    ),
  ),
  others: v.pipe(
    v.object({
      databaseBytes: bytes,
      snapshotBytes: bytes,
      uploadBytes: bytes,
      asideBytes: bytes,
      damagedBytes: bytes,
      aciBytes: bytes,
    }),
    v.description("what else is in the data folder"),
  ),
  namespaces: v.pipe(v.array(place), v.description("the largest ones")),
  repositories: v.pipe(v.array(place), v.description("the largest ones")),
});
/** What takes the space, as a whole. */
export type Space = Shape<typeof space>;

const image = {
  name: v.pipe(v.string(), v.description("its full name, by its first tag, or by its digest")),
  tags: v.array(v.string()),
  digest,
  kind: v.picklist(["pushed", "cached"]),
  sizeBytes: v.pipe(bytes, v.description("of all that is here of it")),
  ownBytes: v.pipe(bytes, v.description("what its going would give back: nothing else holds it")),
  usedAtMs: v.pipe(timeMs, v.description("when it was pulled last or, if it never was, when it came")),
  pulledAtMs: v.nullable(timeMs),
} as const;

/** What one image takes. */
export const imageSpacePage = v.object({
  images: v.array(v.object({ ...image, heldBy: sentence("why it is never evicted: a pin, say; null: it may be") })),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end")),
});

/** The query of a list of what images take. */
export const imageSpaceQuery = {
  pattern: v.pipe(v.string(), v.minLength(1), v.maxLength(1024), v.description("a pattern of full names, as of a pin")),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 100),
  after: v.optional(v.pipe(v.string(), v.maxLength(4096), v.description("the `next` of the page before"))),
} as const;

/** What an eviction would take, in order. */
export const nextEvictions = v.object({ images: v.array(v.object(image)) });

/** How much an eviction would have to give back. */
export const nextQuery = {
  bytes: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description("how much is to be given back; without it, the next ones"),
    ),
  ),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)), 100),
} as const;
