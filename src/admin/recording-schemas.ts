/** Recordings: what was pulled while one ran. */
import * as v from "valibot";
import { bytes, count, digest, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

/** The largest number of images in a page. */
const PAGE_LIMIT = 1000;
const NETWORKS_LIMIT = 50;

/** The name of a recording. */
export const recordingName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(64),
  v.description("letters, digits, `.`, `_` and `-`, the first a letter or digit"),
);

const who = sentence("who asked first; null: nobody who said so");
const from = v.pipe(v.nullable(v.string()), v.description("the address that it was first asked from"));
const networks = v.array(v.pipe(v.string(), v.maxLength(64), v.description("`10.0.0.0/8`, `fd00::/8` or an address")));

/** A recording. */
export const recording = v.object({
  name: recordingName,
  startedAtMs: timeMs,
  stoppedAtMs: v.pipe(v.nullable(timeMs), v.description("null: it runs")),
  who: sentence("who began it; null: nobody who said so"),
  from: v.pipe(networks, v.description("the networks whose pulls are meant; none: all pulls")),
  images: v.pipe(count, v.description("what an index lists belongs to its index")),
  fullAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("since when there is no room in it, and what was pulled may be missing; null: there is"),
  ),
});
/** All recordings, by name. */
export const recordingList = v.object({ recordings: v.array(recording) });
/** A recording. */
export type ListedRecording = Shape<typeof recording>;

/** A recording that is to begin. */
export const recordingRequest = v.strictObject({
  name: recordingName,
  from: v.optional(
    v.pipe(networks, v.maxLength(NETWORKS_LIMIT), v.description("only pulls from these; none: all pulls")),
    [],
  ),
  append: v.optional(
    v.pipe(v.boolean(), v.description("go on with one of this name that has been, rather than refuse")),
    false,
  ),
});

const platform = v.pipe(
  v.nullable(v.string()),
  v.description("what the image is for, `linux/arm64`; null: it is for none, or that was not known"),
);
const sizeBytes = v.pipe(bytes, v.description("bytes of the manifest and of all blobs that it names"));
/** An image of an index that was pulled. */
const recordedPart = v.object({ digest, platform, sizeBytes, atMs: timeMs, who, from });
const recordedImage = v.object({
  name: v.pipe(v.string(), v.description("the full name, without tag and digest")),
  tag: v.pipe(v.nullable(v.string()), v.description("null: it was asked for by its digest")),
  digest,
  kind: v.picklist(["image", "index", "signature", "attestation", "sbom", "artifact"]),
  platform,
  sizeBytes,
  atMs: v.pipe(timeMs, v.description("when it was first pulled by this name")),
  who,
  from,
  parts: v.pipe(v.array(recordedPart), v.description("what was pulled of those that an index lists")),
});
/** An image of a recording. */
export type ListedImageOfRecording = Shape<typeof recordedImage>;

/** The query of a page of a recording. */
export const recordingQuery = {
  search: v.optional(v.pipe(v.string(), v.maxLength(500), v.description("a part of `name:tag@digest`"))),
  after: v.optional(v.pipe(v.string(), v.maxLength(2048), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE_LIMIT)), 100),
} as const;
/** A page of what a recording holds, by name and tag. */
export const recordingPage = v.object({
  recording,
  images: v.array(recordedImage),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end")),
});
/** A recording that was removed. */
export const removedRecording = v.object({ name: recordingName });
