/** `headers`: what every answer carries besides its own headers. */
import * as v from "valibot";
import type { Plain, Shape } from "./shapes.ts";

/** The headers of answers, by their names. */
export type AnswerHeaders = readonly (readonly [name: string, value: string])[];

const MOST_HEADERS = 50;
const LONGEST_VALUE = 4096;
/** What an answer says of itself, which no setting knows. */
const OWN_HEADERS =
  /^(?:accept-ranges|connection|content-(?:encoding|length|range|type)|date|docker-.*|etag|link|location|oci-.*|range|retry-after|trailer|transfer-encoding|upgrade|www-authenticate|x-request-id)$/i;

/** Headers with their values, of which one may have several. */
export const headers: Shape<AnswerHeaders> = {
  schema: v.pipe(
    v.unknown(),
    v.rawTransform(({ dataset: { value }, addIssue, NEVER }): AnswerHeaders => {
      const problem = (message: string) => (addIssue({ message }), NEVER);
      if (value === null || typeof value !== "object" || Array.isArray(value)) {
        return problem("must be names and values, such as { Strict-Transport-Security: max-age=31536000 }");
      }
      const entries = Object.entries(value);
      if (entries.length > MOST_HEADERS) return problem(`has more than ${MOST_HEADERS} headers`);
      const read: [string, string][] = [];
      for (const [name, given] of entries) {
        const values: readonly unknown[] = Array.isArray(given) ? given : [given];
        const why = whyNot(name, values);
        if (why !== null) return problem(`${name} ${why}`);
        read.push([name, values.join(", ")]);
      }
      return read;
    }),
  ),
  expected: "headers",
  write: "headers in larder.yaml: { Strict-Transport-Security: max-age=31536000 }",
  fromText: () => null,
  isList: false,
  isSwitch: false,
  toPlain: (all): Plain => Object.fromEntries(all),
};

/** Why a header cannot be added; null when it can. */
function whyNot(name: string, values: readonly unknown[]): string | null {
  if (!/^[\w!#$%&'*+.^`|~-]{1,100}$/.test(name)) return "is not the name of a header";
  if (OWN_HEADERS.test(name)) return "is a header that each answer has by itself";
  const isText = values.every((value) => /^[\t\x20-\x7E\x80-\xFF]*$/.test(String(value)) && typeof value !== "object");
  return isText && values.join(", ").length <= LONGEST_VALUE
    ? null
    : "must have a text, or a list of texts, in one line";
}
