/** Who is notified of what happens, and how that goes. */
import * as v from "valibot";
import { pageQuery } from "./account-schemas.ts";
import { bytes, count, sentence, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

const endpointName = v.pipe(v.string(), v.minLength(1), v.maxLength(64), v.description("its name in the settings"));

/** An endpoint, and its queue. */
const endpoint = v.object({
  endpoint: endpointName,
  url: sentence("where notifications go, without its secrets; null: it is not in the settings any more"),
  format: sentence("what a notification looks like; null as with `url`"),
  isActive: v.pipe(v.boolean(), v.description("false: it is disabled, or not in the settings")),
  waiting: v.pipe(count, v.description("notifications that wait, pulls in memory included")),
  waitingBytes: bytes,
  givenUp: v.pipe(count, v.description("notifications that were given up, and are kept")),
  dropped: v.pipe(count, v.description("notifications that went for want of room")),
  delivered: v.pipe(count, v.description("since larder started")),
  failure: sentence("why the last attempt failed; null: it did not"),
  failingSinceMs: v.pipe(v.nullable(timeMs), v.description("null: the last attempt did not fail")),
});
/** All endpoints, those that still have a queue included. */
export const endpointList = v.object({ endpoints: v.array(endpoint) });
/** An endpoint, in a list. */
export type ListedEndpoint = Shape<typeof endpoint>;

/** Which notifications that were given up are listed. */
export const givenUpQuery = {
  endpoint: v.optional(endpointName),
  before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.description("the `next` of the page before"))),
  limit: pageQuery.limit,
} as const;
const givenUpNotification = v.object({
  endpoint: endpointName,
  id: v.pipe(v.string(), v.description("of the notification, as the endpoint was told it")),
  kind: v.pipe(v.string(), v.description("`push`, `delete`, …")),
  subject: sentence("the image, blob or registry that it is about"),
  atMs: v.pipe(timeMs, v.description("when that happened")),
  attempts: v.pipe(count, v.description("that failed, besides the last")),
  givenUpAtMs: timeMs,
  failure: v.pipe(v.string(), v.description("why the last attempt failed")),
});
/** A page of notifications that were given up, the newest first. */
export const givenUpPage = v.object({
  notifications: v.array(givenUpNotification),
  next: v.pipe(v.nullable(count), v.description("what to ask with as `before`; null: this is the end")),
});
/** A notification that was given up, in a list. */
export type GivenUpNotification = Shape<typeof givenUpNotification>;

/** Whose notifications are to be tried again. */
export const retryRequest = v.strictObject({
  endpoint: v.optional(v.pipe(endpointName, v.description("left out: those of all endpoints"))),
});
/** How many were given up, and wait again. */
export const retryAnswer = v.object({ retried: count });

/** Whose notifications are to go, and which. */
export const dropRequest = v.strictObject({
  endpoint: endpointName,
  what: v.optional(v.picklist(["given-up", "all"]), "given-up"),
});
/** How many went. */
export const dropAnswer = v.object({ removed: count });
