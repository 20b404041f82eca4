/** `tracing`: where traces go, what is sent along, and how many there are. */
import * as v from "valibot";
import { type Plain, type Shape, textual } from "./shapes.ts";

const MASK = "********";
const MOST = 50;
/** What a request needs to be one is not for settings. */
const OWN_HEADERS = /^(?:host|content-(?:length|type|encoding)|transfer-encoding|connection|expect|upgrade)$/i;

/** Where traces are posted to. A URL without a path gets that of the specification. */
export const otlpEndpoint = textual({
  parse: tryParseOtlpEndpoint,
  format: String,
  expected:
    "a URL such as http://collector:4318, without user, query and fragment (a secret goes into tracing.headers)",
  write: "a URL such as http://collector:4318",
});

/** Null: that is none. */
export function tryParseOtlpEndpoint(text: string): string | null {
  const url = text.length <= 2048 ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.hostname === "") return null;
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") return null;
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}

/** A share of all: `5%`, or `0.05`. */
export const share = textual({
  parse: tryParseShare,
  format: (value) => `${Number((value * 100).toFixed(6))}%`,
  expected: "a share such as 1%, or 0.01",
  write: "a share such as 1%, or 0.01",
});

/** Null: that is none. */
export function tryParseShare(text: string): number | null {
  const parts = /^(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})\s*(%?)$/.exec(text.trim());
  if (parts === null) return null;
  const value = Number(parts[1]) / (parts[2] === "%" ? 100 : 1);
  return value <= 1 ? value : null;
}

/** How many a second. */
export const perSecond: Shape<number> = {
  ...textual({
    parse: (given) => (/^[1-9]\d{0,4}$/.test(given) ? Number(given) : null),
    format: String,
    expected: "a number of traces a second, 1 to 99999",
    write: "a number of traces a second, such as 100",
  }),
  toPlain: (count) => count,
};

/** Headers with their values, which may be secrets. */
export const traceHeaders: Shape<Readonly<Record<string, string>>> = {
  schema: v.pipe(
    v.record(
      v.pipe(v.string(), v.check(isHeaderName, "is not the name of a header that can be set")),
      v.pipe(v.string("a header's value is a text"), v.check(isHeaderValue, "a header's value is one line of ASCII")),
      "must be names and values, such as { Authorization: Bearer … }",
    ),
    v.check((given) => Object.keys(given).length <= MOST, `has more than ${MOST} headers`),
  ),
  expected: "headers",
  write: "headers in larder.yaml: { Authorization: Bearer … }",
  fromText: () => null,
  isList: false,
  isSwitch: false,
  toPlain: (given) => given,
};

/** May it stand in front of a header's colon here? */
export function isHeaderName(name: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(name) && !OWN_HEADERS.test(name);
}

/** May it stand behind it? */
export function isHeaderValue(value: string): boolean {
  return value.length <= 8192 && /^[\t\x20-\x7e]*$/.test(value);
}

/** The headers as people may see them. */
export function shownHeaders(given: Readonly<Record<string, string>>): Plain {
  return Object.fromEntries(Object.keys(given).map((name) => [name, MASK]));
}

/** Attributes of the resource. */
export const traceAttributes: Shape<Readonly<Record<string, string>>> = {
  schema: v.pipe(
    v.record(
      v.pipe(v.string(), v.check(isAttributeName, "is no attribute's name")),
      v.pipe(
        v.union([v.string(), v.number(), v.boolean()], "an attribute is a text"),
        v.transform(String),
        v.maxLength(500, "an attribute's text is longer than 500 characters"),
      ),
      "must be names and texts, such as { deployment.environment.name: production }",
    ),
    v.check((given) => Object.keys(given).length <= MOST, `has more than ${MOST} attributes`),
  ),
  expected: "attributes",
  write: "attributes in larder.yaml: { deployment.environment.name: production }",
  fromText: () => null,
  isList: false,
  isSwitch: false,
  toPlain: (given) => given,
};

/** Letters, digits and what separates them. */
export function isAttributeName(name: string): boolean {
  return /^[\w][\w./-]{0,127}$/.test(name);
}
