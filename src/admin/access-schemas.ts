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

/** The rules as they hold. */
export const ruleList = v.object({
  isWritten: v.pipe(v.boolean(), v.description("are they those of larder.yaml, and not the usual ones?")),
  isSetUp: v.pipe(v.boolean(), v.description("have people been set up, so that rules count?")),
  rules: v.array(
    v.object({
      number: v.pipe(v.number(), v.integer(), v.description("the place in the list, from 1")),
      subject: v.string(),
      allow: v.array(v.string()),
      names: v.array(v.string()),
      claims: v.optional(v.record(v.string(), v.string())),
      words: v.pipe(v.string(), v.description("for people")),
    }),
  ),
  yaml: v.pipe(v.string(), v.description("as larder.yaml has them")),
  isCut: v.pipe(v.boolean(), v.description("are there more than these?")),
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
