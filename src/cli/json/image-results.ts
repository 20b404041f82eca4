/** The results of verbs that bring, look for and remove images. */
import * as v from "valibot";
import { bytes, count, digest, image, platform, reason, time } from "./json-values.ts";

const isGuess = v.pipe(
  v.boolean(),
  v.description("text that looks like an image (an argument, a variable), not a field that is there to name one"),
);
const filesPlatform = v.pipe(
  v.nullable(v.string()),
  v.description("the platform that the file asks for; null when it leaves that open"),
);
const warning = v.pipe(
  v.nullable(v.string()),
  v.description("a sentence: what there is to know all the same; or null"),
);

/** An image that was to be brought: `cache`. */
const broughtImage = v.object({
  image,
  status: v.pipe(
    v.picklist(["brought", "present", "failed", "skipped", "interrupted"]),
    v.description(
      "`present`: nothing had to come; `skipped`: not begun, after a failure or an interruption; `interrupted`: begun, and not known to be whole",
    ),
  ),
  digest: v.nullable(digest),
  fetchedBytes: bytes,
  reason,
  warning,
});
/** An image that was to be brought. */
export type BroughtResult = v.InferOutput<typeof broughtImage>;
/** Images that were to be brought: `cache`. */
export const broughtImages = v.array(broughtImage);
/** Images that were to be brought for files: `preload`, `mirror`. */
export const preloadedImages = v.array(v.object({ ...broughtImage.entries, platform: filesPlatform, isGuess }));

/** Has an image the signatures that are asked for: `verify-signature`. */
export const signatureResults = v.array(
  v.object({
    image,
    digest,
    status: v.pipe(
      v.picklist(["signed", "unsigned", "not required"]),
      v.description("`not required`: no rule of larder's asks for a signature"),
    ),
    by: v.pipe(v.nullable(v.string()), v.description("whose signature counted; null where larder's rules were asked")),
    reason,
  }),
);

/** Is an image there: `has`. */
const checked = {
  image,
  status: v.pipe(v.picklist(["whole", "absent", "incomplete"]), v.description("`incomplete`: some of it is missing")),
  reason,
  missing: v.pipe(v.array(digest), v.description("the first ones of the parts that are missing")),
  missingCount: count,
} as const;
/** Are images there: `has`. */
export const checkedImages = v.array(v.object(checked));
/** Images that are not there whole: `missing`. */
export const missingImages = v.array(v.object({ ...checked, platform: filesPlatform, isGuess }));

/** Images that are there: `ls`. */
export const listedImages = v.array(
  v.object({
    image,
    digest,
    kind: v.pipe(
      v.nullable(v.picklist(["pushed", "cached"])),
      v.description("put here by a person, or a copy of upstream's; null at another registry"),
    ),
    sizeBytes: v.nullable(bytes),
    platforms: v.pipe(v.array(platform), v.description("those that are there whole")),
    updatedAt: v.pipe(v.nullable(time), v.description("when the tag last came to point there")),
    pulledAt: v.pipe(v.nullable(time), v.description("when a client last pulled it; null: never, as far as is known")),
  }),
);

/** Manifests without a tag: `ls --untagged`. */
export const untaggedImages = v.array(
  v.object({
    image: v.pipe(v.string(), v.description("the full name: `docker.io/library/nginx@sha256:…`")),
    digest,
    mediaType: v.string(),
    kind: v.picklist(["pushed", "cached"]),
    sizeBytes: bytes,
    leftBehindAt: v.pipe(
      v.nullable(time),
      v.description("when it lost its last tag; null: it was put by its digest alone, as far as is known"),
    ),
    pulledAt: v.nullable(time),
    goesAt: v.pipe(
      v.nullable(time),
      v.description("when it goes by itself, if nobody pulls it until then; null: it stays"),
    ),
    heldBy: v.pipe(v.nullable(v.string()), v.description("what keeps it")),
  }),
);

/** An image and what it is made of: `inspect`. */
export const inspectedImage = v.object({
  image,
  kind: v.nullable(v.picklist(["pushed", "cached"])),
  updatedAt: v.nullable(time),
  pulledAt: v.nullable(time),
  digest,
  mediaType: v.string(),
  artifactType: v.nullable(v.string()),
  sizeBytes: v.nullable(bytes),
  platforms: v.array(
    v.object({
      platform: v.pipe(v.nullable(platform), v.description("null for what is for none, such as an attestation")),
      digest,
      isHere: v.nullable(v.boolean()),
    }),
  ),
  layers: v.array(v.object({ digest, sizeBytes: bytes, mediaType: v.string() })),
  subject: v.pipe(v.nullable(digest), v.description("what it refers to: a signature's image")),
  annotations: v.record(v.string(), v.string()),
  config: v.pipe(v.unknown(), v.description("the image's config as it is; null when it is not JSON, or not there")),
});

/** What became of images that were to be removed: `rm`. */
export const removedImages = v.array(
  v.object({
    image: v.pipe(v.string(), v.description("the full name of what was removed, or the name that was given")),
    status: v.pipe(
      v.picklist(["removed", "absent", "failed", "would-go"]),
      v.description("`failed`: `reason` says why it was not removed; `would-go`: with `--dry-run`"),
    ),
    reason,
    warning,
  }),
);

/** Images that files name: `images`. */
export const namedImages = v.array(
  v.object({
    image,
    written: v.pipe(v.string(), v.description("as the file writes it")),
    file: v.pipe(v.string(), v.description("its path; `-` is standard input")),
    line: v.pipe(v.nullable(count), v.description("from 1; null: the file as a whole")),
    kind: v.pipe(
      v.picklist(["field", "guess"]),
      v.description("a field that names an image, or text that looks like one"),
    ),
    source: v.pipe(v.string(), v.description("the sort of file: `kubernetes`, `helm`, `compose`, …")),
    platform: filesPlatform,
  }),
);

/** Images that a release needs: `mirror kubernetes --print`. */
export const neededImages = v.array(v.object({ image }));

/** Copied images: `copy`, `upload`. */
export const copiedImages = v.array(
  v.object({
    image: v.pipe(v.nullable(v.string()), v.description("what finds it at the destination; null: its digest alone")),
    status: v.picklist(["copied", "present"]),
    digest,
    sourceDigest: v.pipe(digest, v.description("another one when some of several platforms were chosen")),
    source: v.string(),
    destination: v.string(),
    mediaType: v.string(),
    isBuilt: v.pipe(v.boolean(), v.description("the source had no manifest, and one was made")),
    manifests: count,
    referrers: count,
    blobs: v.object({ copied: count, present: count, mounted: count }),
    copiedBytes: bytes,
    notCarried: v.pipe(
      v.array(v.object({ digest, urls: v.array(v.string()) })),
      v.description(
        "layers that may not be distributed, were not in the source and were not copied, and where they are",
      ),
    ),
  }),
);
