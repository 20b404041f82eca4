/** Users and tokens, and who changed what. No answer has a secret, but for the one that tells a new token, once. */
import * as v from "valibot";
import { count, timeMs } from "./basic-schemas.ts";
import type { Shape } from "./shape.ts";

/** The largest number of accounts or entries in a page. */
const PAGE_LIMIT = 1000;
const GRANTS_LIMIT = 100;
const YEAR_MS = 366 * 86_400_000;
const MINUTE_MS = 60_000;

const accountName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(64),
  v.description("lower-case letters, digits, `.`, `_`, `-` and `@`, the first a letter or digit"),
);
/** The name of a user in a path. */
export const userName = accountName;
/** A token in a path. */
export const tokenName = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(64),
  v.description("a token's id, or its name"),
);

const grant = v.pipe(
  v.string(),
  v.maxLength(1024),
  v.description("`ACTION,…:PATTERN,…`, such as `pull,push:team/**`; `*` is every action"),
);
const grants = v.pipe(v.array(grant), v.maxLength(GRANTS_LIMIT));
const lastUsed = v.pipe(v.nullable(timeMs), v.description("within minutes; null: never"));
const isFirst = v.pipe(
  v.boolean(),
  v.description("is it the first of all, so that from now on rules count, and who pushes has to say who they are?"),
);
const isLast = v.pipe(
  v.boolean(),
  v.description(
    "was it the last of all? Then the machine that larder runs on may write, unless the settings know people",
  ),
);

/** A page's query. */
export const pageQuery = {
  after: v.optional(v.pipe(v.string(), v.maxLength(128), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PAGE_LIMIT)), 100),
} as const;
const next = v.pipe(v.nullable(v.string()), v.description("what to ask with as `after`; null: this is the end"));

/** A user, in a list. */
const listedUser = v.object({
  name: v.string(),
  grants: v.pipe(v.nullable(grants), v.description("what this user alone may; null: what rules say of all users")),
  createdAtMs: timeMs,
  lastUsedAtMs: lastUsed,
});
/** A page of users. */
export const userPage = v.object({ users: v.array(listedUser), next });
/** A user, in a list. */
export type ListedUser = Shape<typeof listedUser>;

/** A user that is put. */
export const userRequest = v.strictObject({
  password: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(1024),
      v.description("72 bytes at most; left out: as it is, where the grants of a user that is there are changed"),
    ),
  ),
  grants: v.optional(
    v.pipe(
      v.nullable(grants),
      v.description("what this user alone may; null: nothing of their own; left out: as it was"),
    ),
  ),
  expect: v.optional(
    v.pipe(v.picklist(["absent", "present"]), v.description("must there be none of this name yet, or one?")),
  ),
});
/** What became of a user. */
export const putUser = v.object({ name: v.string(), status: v.picklist(["added", "changed"]), isFirst });
/** A user that was removed. */
export const removedUser = v.object({ name: v.string(), isLast });

/** A token, in a list. */
const listedToken = v.object({
  id: v.string(),
  name: v.string(),
  grants,
  createdAtMs: timeMs,
  expiresAtMs: v.pipe(v.nullable(timeMs), v.description("null: never")),
  lastUsedAtMs: lastUsed,
  revokedAtMs: v.pipe(v.nullable(timeMs), v.description("null: it is in force, if it has not expired")),
});
/** A page of tokens. */
export const tokenPage = v.object({ tokens: v.array(listedToken), next });
/** A token, in a list. */
export type ListedToken = Shape<typeof listedToken>;

/** A token that is to be made. */
export const tokenRequest = v.strictObject({
  name: accountName,
  grants: v.pipe(v.array(grant), v.minLength(1), v.maxLength(GRANTS_LIMIT)),
  expiresAfterMs: v.pipe(
    v.nullable(v.pipe(v.number(), v.integer(), v.minValue(MINUTE_MS), v.maxValue(10 * YEAR_MS))),
    v.description("milliseconds from now on; null: it never expires"),
  ),
});
/** A token that was made. */
export const newToken = v.object({
  token: v.pipe(v.string(), v.description("the secret; it is kept nowhere, and told this once")),
  id: v.string(),
  name: v.string(),
  grants,
  expiresAtMs: v.nullable(timeMs),
  isFirst,
});
/** A token that was revoked. */
export const revokedToken = v.object({ id: v.string(), name: v.string(), isLast });

/** The query of the audit log. */
export const auditQuery = {
  since: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.description("milliseconds since 1970"))),
  before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.description("the `next` of the page before"))),
  limit: pageQuery.limit,
  who: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(600), v.description("whose, letter by letter"))),
  action: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(64), v.description("`user-added`, …"))),
  search: v.optional(
    v.pipe(v.string(), v.minLength(1), v.maxLength(200), v.description("what the subject or the detail has in it")),
  ),
} as const;
const auditEntry = v.object({
  id: count,
  atMs: timeMs,
  action: v.pipe(v.string(), v.description("`image-pushed`, `user-added`, …; there may be new ones")),
  subject: v.pipe(v.nullable(v.string()), v.description("what was changed: an image, a user, a setting")),
  detail: v.nullable(v.string()),
  who: v.pipe(v.nullable(v.string()), v.description("`bob`, `token:ci`, `administrator`; null: nobody who said so")),
  from: v.pipe(v.nullable(v.string()), v.description("the address; null: larder itself")),
  requestId: v.nullable(v.string()),
});
/** A page of the audit log, the newest entries first. */
export const auditPage = v.object({
  entries: v.array(auditEntry),
  next: v.pipe(v.nullable(count), v.description("what to ask with as `before`; null: this is the end")),
});
/** An entry of the audit log. */
export type AuditEntry = Shape<typeof auditEntry>;
