/** Who asks, what they may, and signing in to the page. No answer has a secret. */
import * as v from "valibot";
import { timeMs } from "./basic-schemas.ts";

const extent = v.pipe(
  v.picklist(["all", "some", "none"]),
  v.description("with everything, with some names, or with nothing at all"),
);
const whyNot = v.pipe(v.nullable(v.string()), v.description("why not at all, for people; null: they may"));

/** Who asks, and what they may. */
export const session = v.object({
  principal: v.pipe(
    v.nullable(v.string()),
    v.description("`bob`, `token:ci`, `administrator`; null: nobody who said so"),
  ),
  kind: v.pipe(
    v.picklist(["nobody", "own-machine", "administrator", "user", "token", "certificate", "workload"]),
    v.description("`own-machine`: somebody on the machine that larder runs on; `nobody`: anybody"),
  ),
  isSetUp: v.pipe(
    v.boolean(),
    v.description(
      "have people been set up? Until then everybody pulls, and the machine that larder runs on does the rest",
    ),
  ),
  via: v.pipe(
    v.picklist(["nothing", "machine", "session", "header", "certificate"]),
    v.description("what says who asks: `session` is the page's, `header` an Authorization header"),
  ),
  may: v.object({ pull: extent, push: extent, delete: extent, administer: extent }),
  whyNot: v.object({ pull: whyNot, push: whyNot, delete: whyNot, administer: whyNot }),
  session: v.pipe(v.nullable(v.string()), v.description("the id of the session with the page; null: there is none")),
  expiresAtMs: v.pipe(v.nullable(timeMs), v.description("when that ends, unless it is used; null: there is none")),
  hasEnded: v.pipe(v.boolean(), v.description("is this the browser of somebody whose session has ended?")),
  problem: v.pipe(
    v.nullable(v.string()),
    v.description("why what the request says of who asks does not count; null: it does, or says nothing"),
  ),
});
const LONGEST = { name: 128, password: 1024, token: 16_384 };

/** A name and a password, or a token. */
export const signInRequest = v.strictObject({
  name: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST.name))),
  password: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST.password))),
  token: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(LONGEST.token))),
});

const SESSIONS_LIMIT = 200;

/** Whose sessions are listed. */
export const sessionQuery = {
  whose: v.optional(
    v.pipe(v.picklist(["mine", "all"]), v.description("those of whoever asks; `all` takes the action `administer`")),
    "mine",
  ),
  before: v.optional(v.pipe(v.string(), v.maxLength(64), v.description("the `next` of the page before"))),
  limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(SESSIONS_LIMIT)), 50),
} as const;

/** Who is signed in to the page, the newest first. */
export const sessionPage = v.object({
  sessions: v.array(
    v.object({
      id: v.pipe(v.string(), v.description("names it here and in the audit log, and opens nothing")),
      name: v.pipe(v.string(), v.description("whose it is: `bob`, `token:ci`")),
      createdAtMs: timeMs,
      usedAtMs: v.pipe(timeMs, v.description("within minutes")),
      expiresAtMs: v.pipe(timeMs, v.description("when it ends, however much it is used")),
      from: v.nullable(v.string()),
      userAgent: v.nullable(v.string()),
      isCurrent: v.pipe(v.boolean(), v.description("is it the one that asks?")),
    }),
  ),
  next: v.pipe(v.nullable(v.string()), v.description("what to ask with as `before`; null: this is the end")),
});

/** A session in a path. */
export const sessionId = v.pipe(v.string(), v.minLength(1), v.maxLength(64));

/** A session that was ended. */
export const endedSession = v.object({ id: v.string(), name: v.string() });

/** What became of a session that its owner ends. */
export const signedOut = v.object({
  signedOut: v.pipe(v.boolean(), v.description("false: there was none")),
});
