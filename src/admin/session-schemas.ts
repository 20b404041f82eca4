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

/** What became of a session that its owner ends. */
export const signedOut = v.object({
  signedOut: v.pipe(v.boolean(), v.description("false: there was none")),
});
