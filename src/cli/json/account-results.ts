/** The results of verbs about users, tokens, and who changed what. */
import * as v from "valibot";
import { count, time } from "./json-values.ts";

const grants = v.pipe(v.array(v.string()), v.description("`pull,push:local/team/**`"));
const lastUsedAt = v.pipe(v.nullable(time), v.description("within minutes; null: never"));

/** What became of a user: `user add`, `user passwd`. */
export const userResult = v.object({ name: v.string(), status: v.picklist(["added", "changed"]) });
/** What became of those that were to go: `user rm`, `token rm`. */
export const removedAccounts = v.array(v.object({ name: v.string(), status: v.picklist(["removed", "absent"]) }));
/** Users: `user ls`. */
export const listedUsers = v.array(
  v.object({
    name: v.string(),
    grants: v.pipe(v.nullable(grants), v.description("null: what rules say of all users")),
    createdAt: time,
    lastUsedAt,
  }),
);

/** A token that was made: `token create`. */
export const tokenResult = v.object({
  token: v.pipe(v.string(), v.description("the secret, which is told this once")),
  id: v.string(),
  name: v.string(),
  grants,
  expiresAt: v.pipe(v.nullable(time), v.description("null: never")),
});
/** Tokens: `token ls`. */
export const listedTokens = v.array(
  v.object({
    id: v.string(),
    name: v.string(),
    status: v.picklist(["good", "expired", "revoked"]),
    grants,
    createdAt: time,
    expiresAt: v.pipe(v.nullable(time), v.description("null: never")),
    lastUsedAt,
    revokedAt: v.nullable(time),
  }),
);

/** Who is signed in to the page, the newest first: `session ls`. */
export const listedSessions = v.array(
  v.object({
    id: v.string(),
    name: v.pipe(v.string(), v.description("`bob`, `token:ci`")),
    createdAt: time,
    lastUsedAt: v.pipe(time, v.description("within minutes")),
    expiresAt: v.pipe(time, v.description("when it ends, however much it is used")),
    from: v.nullable(v.string()),
    userAgent: v.nullable(v.string()),
  }),
);

/** Who changed what, the newest first: `audit`. */
export const auditResult = v.array(
  v.object({
    id: count,
    at: time,
    action: v.pipe(v.string(), v.description("`image-pushed`, `user-added`, …; there may be new ones")),
    subject: v.pipe(v.nullable(v.string()), v.description("an image, a user, a setting")),
    detail: v.nullable(v.string()),
    who: v.pipe(v.nullable(v.string()), v.description("`bob`, `token:ci`, `administrator`; null: nobody who said so")),
    from: v.nullable(v.string()),
    requestId: v.nullable(v.string()),
  }),
);
