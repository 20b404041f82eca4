/** `logFields`: what every line of the log says besides its own fields. */
import * as v from "valibot";
import type { Shape } from "./shapes.ts";

/** Fields with their texts. */
export type FixedFields = Readonly<Record<string, string>>;

const text = v.pipe(
  v.union([v.string(), v.number(), v.boolean()], "a field is a text"),
  v.transform(String),
  v.maxLength(500, "a field's text is longer than 500 characters"),
);

/** Fields by their names. */
export const fields: Shape<FixedFields> = {
  schema: v.pipe(
    v.record(
      v.pipe(
        v.string(),
        v.regex(/^[\w.-]{1,60}$/, "a field's name is of letters, digits, dots, dashes and underscores"),
      ),
      text,
      "must be names and texts, such as { service: registry }",
    ),
    v.check((given) => Object.keys(given).length <= 20, "has more than 20 fields"),
  ),
  expected: "fields",
  write: "fields in larder.yaml: { service: registry }",
  fromText: () => null,
  isList: false,
  isSwitch: false,
  toPlain: (given) => given,
};
