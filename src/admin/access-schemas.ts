/** Who may what. */
import * as v from "valibot";

const LONGEST = 512;

/** Whether somebody may do something. */
export const ruleQuestion = v.strictObject({
  subject: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(LONGEST),
    v.description(
      "`anonymous`, `this-machine`, `administrator`, a user's name, `token:NAME`, `certificate:NAME`, `PROVIDER:SUBJECT`",
    ),
  ),
  action: v.picklist(["pull", "push", "delete", "administer"]),
  name: v.pipe(
    v.string(),
    v.minLength(1),
    v.maxLength(LONGEST),
    v.description("of a repository; `**`: the registry as a whole"),
  ),
  claims: v.optional(v.record(v.pipe(v.string(), v.maxLength(LONGEST)), v.pipe(v.string(), v.maxLength(LONGEST))), {}),
});

/** And what says so. */
export const ruleAnswer = v.object({
  isAllowed: v.boolean(),
  by: v.pipe(
    v.picklist(["administrator", "grant", "rule", "none", "nobody-set-up"]),
    v.description("`none`: nothing allows it; `nobody-set-up`: rules do not count yet"),
  ),
  rule: v.pipe(v.nullable(v.number()), v.description("the place of the rule in `auth.rules`, from 1")),
  reason: v.pipe(v.string(), v.description("for people")),
});
