/** Fetch jobs: lists of images that larder brings by itself. */
import * as v from "valibot";
import { bytes, count, imageName, platformSelection, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

/** The largest number of images of a job. */
const IMAGES_LIMIT = 5000;

/** The id of a job. */
export const fetchJobId = v.pipe(v.string(), v.minLength(1), v.maxLength(100));

/** What is to be brought. */
export const fetchJobRequest = v.strictObject({
  title: v.optional(
    v.pipe(v.string(), v.minLength(1), v.maxLength(200), v.description("what it is for, for people who see the list")),
  ),
  images: v.pipe(
    v.array(v.unknown()),
    v.minLength(1),
    v.maxLength(IMAGES_LIMIT),
    v.array(v.strictObject({ image: imageName, platforms: platformSelection })),
    v.minLength(1),
    v.maxLength(IMAGES_LIMIT),
  ),
});

/** A job, without its images. */
export const fetchJob = v.object({
  id: v.string(),
  title: sentence("what it is for; null: nobody said"),
  who: sentence("who began it; null: nobody said who they are"),
  state: v.pipe(
    v.picklist(["running", "ended", "interrupted"]),
    v.description("`interrupted`: larder ended meanwhile; it goes on when it is retried"),
  ),
  startedAtMs: timeMs,
  endedAtMs: v.nullable(timeMs),
  counts: v.pipe(
    v.object({ waiting: count, brought: count, present: count, failed: count, cancelled: count }),
    v.description("how many images were brought, were here before, could not be brought, or are still to come"),
  ),
  bytes: v.pipe(bytes, v.description("that came so far")),
  revision: v.pipe(count, v.description("grows with each change while it is being done")),
});
/** A job, without its images. */
export type FetchJobState = Shape<typeof fetchJob>;

/** Jobs, the newest first. */
export const fetchJobList = v.object({ jobs: v.array(fetchJob) });

/** Which images are told of. */
export const fetchJobQuery = {
  after: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.minValue(0),
      v.description("the `revision` of the answer before: only images that changed since are told of"),
    ),
    0,
  ),
} as const;

/** An image of a job. */
const fetchJobImage = v.object({
  index: v.pipe(count, v.description("its place in the list, from 0 on")),
  image: v.pipe(v.string(), v.description("the full name")),
  platforms: platformSelection,
  state: v.pipe(
    v.picklist(["waiting", "fetching", "paused", "brought", "present", "failed", "cancelled"]),
    v.description("`paused`: its registry wants to be left alone; `present`: it was here before"),
  ),
  bytes: v.pipe(bytes, v.description("that came for it so far")),
  sizeBytes: v.pipe(v.nullable(bytes), v.description("what it has in all; null: not known")),
  reason: sentence("why it failed or waits, or what of it could not be had; null: nothing is to be said"),
  untilMs: v.pipe(v.nullable(timeMs), v.description("when its registry is asked again; null: it is not `paused`")),
});

/** A job with those of its images that are told of. */
export const fetchJobDetails = v.object({ ...fetchJob.entries, images: v.array(fetchJobImage) });
/** A job with those of its images that are told of. */
export type FetchJobDetails = Shape<typeof fetchJobDetails>;
