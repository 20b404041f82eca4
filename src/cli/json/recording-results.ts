/** The results of verbs about recordings. */
import * as v from "valibot";
import { bytes, count, digest, platform, time } from "./json-values.ts";

/** A recording: `record start`, `record stop`; an array of them: `record ls`. */
export const recordingResult = v.object({
  name: v.string(),
  startedAt: time,
  stoppedAt: v.pipe(v.nullable(time), v.description("null: it runs")),
  who: v.pipe(v.nullable(v.string()), v.description("who began it; null: nobody who said so")),
  from: v.pipe(v.array(v.string()), v.description("the networks whose pulls are meant; none: all pulls")),
  images: count,
  fullAt: v.pipe(
    v.nullable(time),
    v.description("since when there is no room in it, and what was pulled may be missing; null: there is"),
  ),
});
/** All recordings: `record ls`. */
export const listedRecordings = v.array(recordingResult);
/** What is in a recording, a row for each image and platform: `record show`. */
export const recordedImages = v.array(
  v.object({
    image: v.pipe(v.string(), v.description("the full name, with the tag; with the digest where no tag was asked for")),
    tag: v.nullable(v.string()),
    digest: v.pipe(digest, v.description("of what the name led to: an index, or the image itself")),
    kind: v.picklist(["image", "index", "signature", "attestation", "sbom", "artifact"]),
    platform: v.pipe(v.nullable(platform), v.description("null: none was pulled, or that is not known")),
    platformDigest: v.pipe(v.nullable(digest), v.description("the image of that platform, which the index lists")),
    sizeBytes: bytes,
    at: v.pipe(time, v.description("when it was first pulled")),
    who: v.pipe(v.nullable(v.string()), v.description("who asked first; null: nobody who said so")),
    from: v.pipe(v.nullable(v.string()), v.description("the address that it was first asked from")),
  }),
);
/** What became of recordings that were to go: `record rm`. */
export const removedRecordings = v.array(v.object({ name: v.string(), status: v.picklist(["removed"]) }));
