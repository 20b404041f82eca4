/** The results of `notifications`. */
import * as v from "valibot";
import { endpointList, givenUpPage } from "../../admin/notification-schemas.ts";
import { count, time } from "./json-values.ts";

const { failingSinceMs: _, takenAtMs: _taken, ...endpoint } = endpointList.entries.endpoints.item.entries;
/** The endpoints: `notifications ls`. */
export const endpointsResult = v.array(
  v.object({
    ...endpoint,
    failingSince: v.pipe(v.nullable(time), v.description("null: the last attempt did not fail")),
    takenAt: v.pipe(v.nullable(time), v.description("when it took something last; null: nothing since larder started")),
  }),
);

const { atMs: _at, givenUpAtMs: _givenUpAt, ...failed } = givenUpPage.entries.notifications.item.entries;
/** What was given up: `notifications failed`. */
export const failedNotifications = v.array(v.object({ ...failed, at: time, givenUpAt: time }));

/** How many wait again, or are gone: `notifications retry`, `notifications drop`. */
export const movedNotifications = v.object({ notifications: count });
