import { notificationEndpoints, shownEndpoints } from "./notification-shape.ts";
import { boolean } from "./shapes.ts";
import { row } from "./setting.ts";

/** Settings of a server: who is told of what happens. */
export const NOTIFICATION_SETTINGS = {
  "notifications.endpoints": row({
    shape: notificationEndpoints,
    toShown: shownEndpoints,
    isFileOnly: true,
    help: "whom larder tells of pushes, deletions, pulls and more, as registry:2 does or in CloudEvents (docs/notifications.md)",
    default: [],
  }),
  "notifications.includeReferences": row({
    shape: boolean,
    help: "a notification of a manifest lists what that names",
    default: false,
  }),
} as const;
