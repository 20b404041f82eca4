/** Images as people look for them: by words, from any place on, with how many there are. */
import * as v from "valibot";
import { bytes, count, digest, sentence, timeMs } from "./basic-schemas.ts";
import { tagKind } from "./image-schemas.ts";
import type { Shape } from "./shape.ts";

/** The largest number of images or repositories in one answer. */
const FOUND_LIMIT = 500;

const flag = (what: string) => v.optional(v.pipe(v.picklist(["true", "false"]), v.description(what)));

const filters = {
  text: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(1024),
      v.description(
        "words that the full name has to hold, in any order and whatever their case: `nginx 1.27`; the beginning of a digest counts, too",
      ),
    ),
    "",
  ),
  kind: v.optional(tagKind),
  pinned: flag("`true`: those that a pin holds; `false`: the others"),
  signed: flag("`true`: those that have signatures here, verified or not; `false`: the others"),
} as const;

const namespace = v.optional(
  v.pipe(v.string(), v.maxLength(255), v.description("images of this registry alone: `quay.io`, `local`")),
);

const page = {
  order: v.optional(v.picklist(["asc", "desc"]), "asc"),
  offset: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_000_000), v.description("how many are passed by")),
    0,
  ),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(FOUND_LIMIT)), 100),
} as const;

const MATCH =
  "`match`: those whose repository's name ends with a word first, then those of which a part begins with one";

/** The query for images. */
export const imageSearchQuery = {
  ...filters,
  namespace,
  sort: v.optional(
    v.pipe(
      v.picklist(["match", "name", "updated", "pulled", "size"]),
      v.description(`${MATCH}; the others as in \`listImages\`, or by what is here of them`),
    ),
    "match",
  ),
  ...page,
} as const;

/** The query for repositories. */
export const repositorySearchQuery = {
  ...filters,
  namespace,
  sort: v.optional(
    v.pipe(
      v.picklist(["match", "name", "updated", "pulled", "size", "tags"]),
      v.description(
        `${MATCH}; by the latest times of their tags, by what their blobs come to, or by the number of their tags`,
      ),
    ),
    "match",
  ),
  ...page,
} as const;

/** The query for namespaces. */
export const namespaceQuery = filters;

const isCut = v.pipe(
  v.boolean(),
  v.description("there are more tags than one question looks at, so that there may be more than what is told of"),
);
const total = v.pipe(count, v.description("how many there are"));

/** An image that was found. */
const foundImage = v.object({
  name: v.pipe(v.string(), v.description("the full name: `docker.io/library/nginx:1.27`")),
  digest,
  kind: tagKind,
  covers: v.pipe(v.boolean(), v.description("does this pushed tag cover a cached one, which its removal uncovers?")),
  sizeBytes: v.pipe(v.nullable(bytes), v.description("as in `listImages`; null: it is being measured, ask again")),
  platforms: v.pipe(v.nullable(v.array(v.string())), v.description("those that are here whole; null as `sizeBytes`")),
  signed: v.pipe(
    v.nullable(v.boolean()),
    v.description("are there signatures of it here? Nobody has verified them. Null as `sizeBytes`"),
  ),
  pin: v.pipe(v.nullable(v.string()), v.description("the pin that holds it, as in `listPins`; null: none does")),
  heldBy: sentence("what keeps it from going by itself: a pin, say; null: it may go"),
  updatedAtMs: timeMs,
  pulledAtMs: v.nullable(timeMs),
});
/** An image that was found. */
export type FoundImage = Shape<typeof foundImage>;

/** A part of the images that were found. */
export const foundImages = v.object({
  images: v.array(foundImage),
  total,
  isCut,
  unmeasured: v.pipe(
    count,
    v.description(
      "by size, or by signatures: how many of all images are still to be measured, which goes on; ask again",
    ),
  ),
});
/** A part of the images that were found. */
export type FoundImages = Shape<typeof foundImages>;

/** A repository that was found. */
const foundRepository = v.object({
  name: v.pipe(v.string(), v.description("`docker.io/library/nginx`")),
  tags: v.pipe(count, v.description("how many of its tags were meant")),
  pushedTags: count,
  sizeBytes: v.pipe(bytes, v.description("of all blobs that it links, whatever was looked for")),
  updatedAtMs: timeMs,
  pulledAtMs: v.nullable(timeMs),
});
/** A repository that was found. */
export type FoundRepository = Shape<typeof foundRepository>;

/** A part of the repositories that were found. */
export const foundRepositories = v.object({ repositories: v.array(foundRepository), total, isCut });

/** The namespaces of what was found. */
export const foundNamespaces = v.object({
  namespaces: v.pipe(
    v.array(
      v.object({
        namespace: v.string(),
        repositories: count,
        tags: count,
        sizeBytes: v.pipe(
          bytes,
          v.description("of all blobs that its repositories link; those that several link count for each of them"),
        ),
      }),
    ),
    v.description("in the order of their names"),
  ),
  isCut,
});
/** The namespaces of what was found. */
export type FoundNamespaces = Shape<typeof foundNamespaces>;
