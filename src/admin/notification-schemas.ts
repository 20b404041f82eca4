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
  takenAtMs: v.pipe(
    v.nullable(timeMs),
    v.description("when it took something last; null: nothing since larder started"),
  ),
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
const number = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(1),
  v.description("its number among all that wait or were given up"),
);
const givenUpNotification = v.object({
  number,
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

/** The number of a notification that was given up, in a path. */
export const givenUpNumber = v.pipe(v.string(), v.regex(/^[1-9]\d{0,15}$/), v.description("its `number`"));
/** What an endpoint was to be sent: without its headers, where secrets are. */
export const notificationBody = v.object({
  endpoint: endpointName,
  contentType: v.string(),
  body: v.pipe(v.string(), v.description("as it would be sent now, cut where it is longer than 64 KiB")),
  isCut: v.boolean(),
});

/** What happened last, as whoever takes CloudEvents is told of it. */
export const notificationExamples = v.object({
  contentType: v.string(),
  bodies: v.pipe(v.array(v.string()), v.description("one each, the newest first; few")),
});

/** Which endpoint is sent something that means nothing. */
export const testRequest = v.strictObject({ endpoint: endpointName });
/** How that went. */
export const testAnswer = v.object({
  isTaken: v.boolean(),
  failure: sentence("why it was not taken; null: it was"),
});

/** Whose notifications are to be tried again. */
export const retryRequest = v.strictObject({
  endpoint: v.optional(v.pipe(endpointName, v.description("left out: those of all endpoints"))),
  number: v.optional(v.pipe(number, v.description("this one alone, of those that were given up"))),
});
/** How many were given up, and wait again. */
export const retryAnswer = v.object({ retried: count });

/** Whose notifications are to go, and which. */
export const dropRequest = v.strictObject({
  endpoint: endpointName,
  what: v.optional(v.picklist(["given-up", "all"]), "given-up"),
  number: v.optional(v.pipe(number, v.description("this one alone, of those that were given up"))),
});
/** How many went. */
export const dropAnswer = v.object({ removed: count });
