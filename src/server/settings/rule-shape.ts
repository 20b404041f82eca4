/** The shape of `auth.rules`: each rule is judged as it is read, and what is wrong is told at its line. */
import * as v from "valibot";
import { type Action, ACTIONS, tryParseAction } from "../../access/action.ts";
import type { Rule } from "../../access/rules/rule.ts";
import { parseSubject } from "../../access/rules/subject.ts";
import { compileGlob } from "../../lib/text/glob.ts";
import { nearestWord } from "../../lib/text/nearest-word.ts";
import { parseNamePattern } from "../../oci/image-pattern.ts";
import { describeFailure } from "../../lib/failures/describe-failure.ts";
import type { Plain, Shape } from "./shapes.ts";

const LONGEST_LIST = 1000;

/** A list of texts, or a text alone, each of which `parse` makes something of. */
function texts<T>(
  what: string,
  parse: (text: string) => T,
): v.GenericSchema<unknown, readonly { text: string; value: T }[]> {
  return v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === "string" ? [value] : value)),
    v.array(v.string(`${what} is a list of texts`), `${what} is a list of texts`),
    v.minLength(1, `${what} is an empty list, which allows nothing; name some, or leave the rule out`),
    v.maxLength(LONGEST_LIST, `${what} has more than ${LONGEST_LIST} entries`),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const read: { text: string; value: T }[] = [];
      for (const [index, text] of dataset.value.entries()) {
        try {
          read.push({ text, value: parse(text) });
        } catch (error) {
          addIssue({
            message: describeFailure(error),
            path: [{ type: "array", origin: "value", input: dataset.value, key: index, value: text }],
          });
        }
      }
      return read.length === dataset.value.length ? read : NEVER;
    }),
  );
}

const subject = v.pipe(
  v.string(
    "a rule has a subject: anonymous, authenticated, this-machine, a user's name, token:NAME, certificate:NAME, or PROVIDER:SUBJECT",
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    try {
      return { text: dataset.value, value: parseSubject(dataset.value) };
    } catch (error) {
      addIssue({ message: `${JSON.stringify(dataset.value)} is nobody: ${describeFailure(error)}` });
      return NEVER;
    }
  }),
);

const claims = v.pipe(
  v.record(
    v.string(),
    v.pipe(
      v.string("a claim is compared with a text, in which stars may stand"),
      v.minLength(1, "a claim's text must not be empty"),
    ),
  ),
  v.check((given) => Object.keys(given).length > 0, "claims is empty; name some, or leave it out"),
);

const KEYS = ["subject", "allow", "names", "claims"];

const ruleSchema: v.GenericSchema<unknown, Rule> = v.pipe(
  v.unknown(),
  // Before anything is missed: a key that is mistyped is missing, too.
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed || typeof dataset.value !== "object" || dataset.value === null) return;
    for (const [key, value] of Object.entries(dataset.value)) {
      if (KEYS.includes(key) || Array.isArray(dataset.value)) continue;
      const meant = nearestWord(key, KEYS);
      const hint = meant === null ? `it has ${KEYS.join(", ")}` : `did you mean ${meant}?`;
      addIssue({
        message: `a rule has no ${JSON.stringify(key)}; ${hint}`,
        path: [{ type: "unknown", origin: "key", input: dataset.value, key, value }],
      });
    }
  }),
  v.looseObject(
    {
      subject,
      allow: texts("allow", actionsOf),
      names: texts("names", parseNamePattern),
      claims: v.optional(claims),
    },
    "a rule is { subject: …, allow: […], names: […] }",
  ),
  v.rawTransform(({ dataset, addIssue, NEVER }): Rule => {
    const { subject: who, allow, names, claims: given } = dataset.value;
    if (given !== undefined && who.value.kind !== "workload") {
      addIssue({ message: "claims are those of a provider's tokens: the subject has to be PROVIDER:…" });
      return NEVER;
    }
    const administers = allow.some(({ text }) => text === "administer");
    if (administers && !names.some(({ value }) => value.text === "**")) {
      addIssue({ message: "administer is about larder as a whole: it takes the name '**'" });
      return NEVER;
    }
    const globs = Object.entries(given ?? {}).map(
      ([name, glob]) => [name, compileGlob(glob === "*" ? "**" : glob)] as const,
    );
    return {
      subject: who.value,
      actions: new Set(allow.flatMap(({ value }) => value)),
      names: names.map(({ value }) => value),
      claims: new Map(globs),
      text: {
        subject: who.text,
        allow: allow.map(({ text }) => text),
        names: names.map(({ text }) => text),
        ...(given === undefined ? {} : { claims: given }),
      },
    };
  }),
);

/** A list of rules. No flag and no variable says one. */
export const rules: Shape<readonly Rule[]> = {
  schema: v.pipe(
    v.array(ruleSchema, "must be a list of rules, each { subject: …, allow: […], names: […] }"),
    v.minLength(1, "is an empty list, which allows nobody anything; write rules, or leave it out for the usual ones"),
    v.maxLength(LONGEST_LIST, `has more than ${LONGEST_LIST} rules`),
  ),
  expected: "a rule",
  write: "rules in larder.yaml: { subject: bob, allow: [pull, push], names: ['team/**'] }",
  fromText: () => null,
  isList: true,
  isSwitch: false,
  toPlain: (all) => all.map(({ text }): Plain => ({ ...text })),
};

function actionsOf(word: string): readonly Action[] {
  if (word === "*") return ACTIONS;
  const action = tryParseAction(word);
  if (action !== null) return [action];
  const meant = nearestWord(word, ACTIONS);
  const hint = meant === null ? `there are ${ACTIONS.join(", ")}, and * for all` : `did you mean ${meant}?`;
  throw new Error(`there is no action ${JSON.stringify(word)}; ${hint}`);
}
