/**
 * What the results of all verbs are made of, one word for one thing. Sizes are bytes, times RFC 3339 in UTC; what is not
 * known or does not apply is null, and never left out.
 */
import * as v from "valibot";

/** An image by its full name. */
export const image = v.pipe(v.string(), v.description("the full name: `docker.io/library/nginx:1.27`"));
/** A digest, as the image's manifest has it. */
export const digest = v.pipe(v.string(), v.description("`sha256:` and the digits"));
/** A size in bytes. */
export const bytes = v.pipe(v.number(), v.integer(), v.minValue(0), v.description("bytes"));
/** A number of things. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** A point in time. */
export const time = v.pipe(v.string(), v.isoTimestamp(), v.description("RFC 3339, UTC: `2026-11-21T23:12:08.404Z`"));
/** A platform. */
export const platform = v.pipe(v.string(), v.description("`linux/arm64`"));
/** Why the status is what it is. */
export const reason = v.pipe(
  v.nullable(v.string()),
  v.description("a sentence: why the status is not the one that was wanted; null when it is"),
);

/** A time in milliseconds since 1970 as results have it; null stays null. */
export function timeOf(ms: number): string;
export function timeOf(ms: number | null): string | null;
export function timeOf(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
