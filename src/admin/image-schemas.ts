/** Images: what is here, what is to come here and what is to go. */
import * as v from "valibot";
import { bytes, count, digest, imageName, platformSelection, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

/** Images in one question. Who has more asks more often. */
const IMAGES_LIMIT = 5000;
/** The largest number of images in a page. */
export const PAGE_LIMIT = 1000;

/** The kind of a tag: pushed by a person, or cached from upstream. */
export const tagKind = v.pipe(
  v.picklist(["pushed", "cached"]),
  v.description("a pushed tag was put here by a person and wins; a cached one is a copy of upstream's"),
);
const sizeHere = v.pipe(
  count,
  v.description("bytes that are here: manifests and blobs of all platforms. What images share counts for each of them"),
);

/** A tag of an image, in a list. */
export const listedImage = v.object({
  name: v.pipe(v.string(), v.description("the full name: `docker.io/library/nginx:1.27`")),
  digest,
  kind: tagKind,
  sizeBytes: sizeHere,
  platforms: v.pipe(v.array(v.string()), v.description("those that are here whole")),
  updatedAtMs: v.pipe(timeMs, v.description("when the tag last came to point here, in milliseconds since 1970")),
  pulledAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("when a client last pulled what it points at, as far as is known; null: never"),
  ),
});
/** A tag of an image, in a list. */
export type ListedImage = Shape<typeof listedImage>;

/** A page of a list of images. */
export const imagePage = v.object({
  images: v.array(listedImage),
  next: v.pipe(
    v.nullable(v.string()),
    v.description("what to ask with as `after`, all else being equal; null: this is the end"),
  ),
});
/** A page of a list of images. */
export type ImagePage = Shape<typeof imagePage>;

/** The query of a list of images: filters, order and page. */
export const imageQuery = {
  namespace: v.optional(
    v.pipe(v.string(), v.maxLength(255), v.description("images of this registry alone: `quay.io`, `local`")),
  ),
  search: v.optional(
    v.pipe(v.string(), v.maxLength(1024), v.description("what the full name has to hold, letter by letter")),
  ),
  pattern: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(512),
      v.description(
        "an image pattern, such as `local/team/*:pr-*`: only what it matches; `*` is any run but slashes, `**` any run",
      ),
    ),
  ),
  kind: v.optional(tagKind),
  sort: v.optional(
    v.pipe(
      v.picklist(["name", "updated", "pulled"]),
      v.description(
        "by name, repository first, by when the tag last came to point here, or by when it was last pulled: those first that never were",
      ),
    ),
    "name",
  ),
  order: v.optional(v.picklist(["asc", "desc"]), "asc"),
  limit: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(1),
      v.maxValue(PAGE_LIMIT),
      v.description("images of one page; what is much work makes it shorter"),
    ),
    100,
  ),
  after: v.optional(v.pipe(v.string(), v.maxLength(4096), v.description("the `next` of the page before"))),
} as const;

/** Whether an image has the signatures that are required of it. */
export const signatureReport = v.object({
  name: v.pipe(v.string(), v.description("the full name that answers")),
  digest,
  rules: v.pipe(
    v.array(
      v.object({
        pattern: v.pipe(v.string(), v.description("the names that the rule is about")),
        why: sentence("what the image lacks; null: it has what the rule requires"),
      }),
    ),
    v.description("the rules of `require` that match its name; none: nothing is required of it"),
  ),
});

/** All that larder tells of an image that is here. */
export const inspectedImage = v.object({
  name: v.pipe(
    v.string(),
    v.description("the full name that answers: a push to `local/` may, whatever registry was named"),
  ),
  kind: v.pipe(v.nullable(v.picklist(["pushed", "cached"])), v.description("null when a digest was asked for")),
  updatedAtMs: v.pipe(v.nullable(v.pipe(v.number(), v.integer())), v.description("as in lists; null for a digest")),
  pulledAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("when a client last pulled it; null: never, as far as is known"),
  ),
  digest,
  mediaType: v.string(),
  artifactType: v.nullable(v.string()),
  sizeBytes: sizeHere,
  platforms: v.pipe(
    v.array(
      v.object({
        platform: v.nullable(v.string()),
        digest,
        isHere: v.pipe(v.boolean(), v.description("is its manifest here?")),
      }),
    ),
    v.description("the images of an index; `platform` is null for attestations"),
  ),
  layers: v.pipe(
    v.array(v.object({ digest, sizeBytes: bytes, mediaType: v.string() })),
    v.description("the layers of an image; what an index lists besides manifests, as that of a build cache does"),
  ),
  subject: v.pipe(v.nullable(v.string()), v.description("the digest of what it refers to: a signature's image")),
  annotations: v.record(v.string(), v.string()),
  config: v.pipe(v.unknown(), v.description("the image's config as it is; null when it is not JSON, or not here")),
  manifestBase64: v.pipe(v.string(), v.base64(), v.description("the manifest, byte for byte")),
});
/** All that larder tells of an image that is here. */
export type InspectedImage = Shape<typeof inspectedImage>;

/** The outcome of a removal. */
export const removal = v.object({
  removed: v.pipe(
    v.picklist(["pushed", "cached", "manifest"]),
    v.description("the tag of which kind, or the manifest with all its tags, was removed"),
  ),
  uncovered: v.pipe(v.boolean(), v.description("does a cached tag answer by the name from now on?")),
});

/**
 * A question whether images are here whole. They are counted before their shapes are checked, so that too many cost
 * nothing.
 */
export const checkRequest = v.strictObject({
  images: v.pipe(
    v.array(v.unknown()),
    v.maxLength(IMAGES_LIMIT),
    v.array(v.strictObject({ image: imageName, platforms: platformSelection })),
    v.maxLength(IMAGES_LIMIT),
  ),
});

/** Whether one image is here whole. */
export const checkedImage = v.object({
  state: v.picklist(["whole", "absent", "incomplete"]),
  missing: v.pipe(v.array(v.string()), v.description("the first ones of the digests that are missing")),
  missingCount: count,
  missingBytes: v.pipe(
    v.nullable(count),
    v.description(
      "bytes that are missing, as far as its manifests here tell; null when it is absent: then nobody knows",
    ),
  ),
  reason: sentence("why it is not whole; null when it is"),
});
/** Whether one image is here whole. */
export type CheckedImage = Shape<typeof checkedImage>;

/** The answer to a question whether images are here whole. */
export const checkAnswer = v.object({
  images: v.pipe(
    v.array(checkedImage),
    v.description("one for each, in their order; when they are much work, for the first ones only"),
  ),
});
/** The answer to a question whether images are here whole. */
export type CheckAnswer = Shape<typeof checkAnswer>;

/** The image that is to be fetched from upstream, and for which platforms. */
export const fetchRequest = v.strictObject({ image: imageName, platforms: platformSelection });

/** The last line of what failed. */
export const failed = v.object({
  kind: v.literal("failed"),
  code: v.pipe(v.string(), v.description("as in a problem")),
  message: v.string(),
});

/** A line of progress while an image is fetched. */
export const fetchProgress = v.variant("kind", [
  v.object({ kind: v.literal("resolved"), digest, warning: sentence("what there is to know about it, or null") }),
  v.object({
    kind: v.literal("blob"),
    digest,
    sizeBytes: bytes,
    state: v.picklist(["present", "fetching"]),
  }),
  v.object({ kind: v.literal("progress"), digest, doneBytes: bytes, sizeBytes: bytes }),
  v.object({ kind: v.literal("fetched"), digest, sizeBytes: bytes }),
  v.object({
    kind: v.literal("warning"),
    message: v.pipe(v.string(), v.description("what of it could not be had, though the image is here")),
  }),
  v.object({ kind: v.literal("done") }),
  failed,
]);
/** A line of progress while an image is fetched. */
export type FetchProgress = Shape<typeof fetchProgress>;

/** What is verified. */
export const verifyRequest = v.strictObject({
  images: v.optional(
    v.pipe(
      v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(1024))),
      v.minLength(1),
      v.maxLength(1000),
      v.description("images by their names, or by patterns such as `team/**:v1.*`; left out: every file of a blob"),
    ),
  ),
});

/** What may be wrong with a blob's file. */
export const rot = v.pipe(
  v.picklist(["damaged", "missing", "unreadable"]),
  v.description(
    "`damaged`: its bytes are not those of its digest, and it was set aside; `missing`: there is none; `unreadable`: the disk does not give it, and it stays",
  ),
);
/** The first images that need a blob. */
export const needingImages = v.pipe(v.array(v.string()), v.description("the first images that need it"));

/** A line of progress while blobs are verified. */
export const verifyProgress = v.variant("kind", [
  v.object({ kind: v.literal("progress"), files: count, bytes }),
  v.object({
    kind: v.literal("rotten"),
    digest,
    rot,
    reason: v.string(),
    isHealed: v.pipe(v.boolean(), v.description("were the right bytes fetched again from its registry?")),
    why: sentence("why they were not, and what to do; null when they were"),
    images: needingImages,
  }),
  v.object({
    kind: v.literal("image"),
    image: v.string(),
    status: v.pipe(
      v.picklist(["whole", "partial", "damaged", "absent"]),
      v.description("`partial`: what is here of it is right, and a pull fetches the rest"),
    ),
    problems: v.pipe(v.array(v.string()), v.description("a line for each part that is not right; the first hundred")),
  }),
  v.object({ kind: v.literal("done"), files: count, bytes }),
  failed,
]);
/** A line of progress while blobs are verified. */
export type VerifyProgress = Shape<typeof verifyProgress>;

/** A manifest that is to become the cached answer to a tag. */
export const adoptRequest = v.strictObject({
  image: imageName,
  digest,
  indexBase64: v.optional(
    v.pipe(
      v.string(),
      v.base64(),
      v.description("an index of which only a part was copied: it is not pushed but comes along"),
    ),
  ),
});

/** Whether the manifest became the cached answer. */
export const adoption = v.object({
  adopted: v.pipe(v.boolean(), v.description("false: the image's repository has no such manifest")),
});

/** How a removal is meant. */
export const removalQuery = {
  digest: v.optional(v.pipe(digest, v.description("remove the tag only if it leads there"))),
  force: v.pipe(
    v.optional(v.picklist(["true", "false"]), "false"),
    v.description("`true`: also what an immutable tag leads to; that is for those who may administer"),
  ),
};
