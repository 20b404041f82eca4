/** What goes by itself: manifests without a tag, and tags that the retention rules speak of. */
import * as v from "valibot";
import { count, digest, sentence, timeMs } from "./basic-schemas.ts";
import { failed, imageQuery, PAGE_LIMIT, tagKind } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** A manifest without a tag, in a list. */
const untaggedImage = v.object({
  name: v.pipe(v.string(), v.description("the full name: `docker.io/library/nginx@sha256:…`")),
  digest,
  mediaType: v.string(),
  kind: tagKind,
  sizeBytes: v.pipe(count, v.description("bytes that are here of it, with all that it names")),
  leftBehindAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("when it lost its last tag; null: it was put by its digest alone, as far as is known"),
  ),
  pulledAtMs: v.pipe(v.nullable(timeMs), v.description("when it was last pulled, by whatever name; null: never")),
  goesAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("when it goes by itself, if nobody pulls it until then; null: it stays"),
  ),
  heldBy: sentence("what keeps it: an index that lists it, what it refers to, a pin"),
});
/** A manifest without a tag, in a list. */
export type UntaggedImage = Shape<typeof untaggedImage>;

/** The query of a list of manifests without a tag. */
export const untaggedQuery = {
  namespace: imageQuery.namespace,
  search: imageQuery.search,
  limit: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE_LIMIT), v.description("manifests of one page")),
    100,
  ),
  after: imageQuery.after,
} as const;

/** A page of a list of manifests without a tag. */
export const untaggedPage = v.object({
  images: v.array(untaggedImage),
  next: v.pipe(
    v.nullable(v.string()),
    v.description(
      "what to ask with as `after`, all else being equal; null: this is the end. A page may be empty before it",
    ),
  ),
});
/** A page of a list of manifests without a tag. */
export type UntaggedPage = Shape<typeof untaggedPage>;

/** Whether the rules are to be applied, or only to be told of. */
export const retentionRequest = v.strictObject({
  dryRun: v.pipe(v.boolean(), v.description("true: nothing is removed")),
  all: v.optional(v.pipe(v.boolean(), v.description("tell of tags that stay, too, and why")), false),
});

/** A line on what the retention rules say, or did. */
export const retentionProgress = v.variant("kind", [
  v.object({
    kind: v.literal("tag"),
    name: v.string(),
    digest,
    status: v.pipe(
      v.picklist(["goes", "stays", "removed", "changed"]),
      v.description("`goes`: it would, by a dry run; `changed`: it was removed or moved meanwhile, and is let be"),
    ),
    rule: v.pipe(count, v.description("which rule decides, from 1 on: the first that matches")),
    reason: v.pipe(v.string(), v.description("a sentence: why it goes, or stays")),
    updatedAtMs: v.pipe(timeMs, v.description("when it was pushed")),
    pulledAtMs: v.pipe(
      v.nullable(timeMs),
      v.description("when its image was last pulled, by whatever name; null: never"),
    ),
  }),
  v.object({
    kind: v.literal("done"),
    rules: count,
    gone: v.pipe(count, v.description("tags that went, or would go")),
    stayed: v.pipe(count, v.description("tags that a rule matches and that stay")),
    takesNothingBeforeMs: v.pipe(
      v.nullable(timeMs),
      v.description("until then the rules, which were changed, remove nothing by themselves; null: they do"),
    ),
    doubt: sentence("why nothing goes for its age at present, the clock being doubted"),
  }),
  failed,
]);
/** A line on what the retention rules say, or did. */
export type RetentionProgress = Shape<typeof retentionProgress>;
