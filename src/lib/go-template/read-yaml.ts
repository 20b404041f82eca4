/**
 * Reads YAML and JSON as Helm does: YAML 1.1, all numbers as float64, all keys as text, the first document alone.
 * Source: sigs.k8s.io/yaml v1.6; YAML 1.1.
 */
import { parseDocument, type ScalarTag, type Tags } from "yaml";
import { nestsTooDeeply } from "../text/nests-too-deeply.ts";
import { formatFloat } from "./format-value.ts";
import { CallFailure, TemplateError, type TemplateValue, Unresolved } from "./template-value.ts";

/** A text that is no YAML or JSON; the message says why. */
export class BrokenText extends CallFailure {
  override readonly name = "BrokenText";
}

const LENGTH_LIMIT = 8 * 1024 * 1024;
const ALIAS_LIMIT = 10_000;

/** `0o14`, which is YAML 1.2's: Helm's parser takes it beside 1.1's `014`. */
const NEW_OCTAL: ScalarTag = {
  tag: "tag:yaml.org,2002:int",
  default: true,
  format: "NEW_OCT",
  test: /^[-+]?0o[0-7_]+$/,
  resolve: (text) => Number(text.replace(/[-+_]/g, "")) * (text.startsWith("-") ? -1 : 1),
};

/** YAML 1.1 without what Helm's parser leaves as text: dates and numbers to the base 60. */
const HELM_YAML = {
  version: "1.1",
  customTags: (tags: Tags) => [
    NEW_OCTAL,
    ...tags.filter(
      (tag) => typeof tag === "string" || (!/timestamp|binary/.test(tag.tag) && !/TIME/.test(tag.format ?? "")),
    ),
  ],
  mapAsMap: true,
  uniqueKeys: false,
  logLevel: "silent",
  prettyErrors: false,
} as const;

/** Reads one YAML document as template values; what is broken is unresolved. */
export function readYaml(text: string): TemplateValue {
  try {
    return readYamlText(text);
  } catch (error) {
    if (error instanceof BrokenText) return new Unresolved(`the YAML is broken: ${error.message}`);
    throw error;
  }
}

/** As `readYaml`. Throws `BrokenText` for what is broken, `TemplateError` for what is too long. */
export function readYamlText(text: string): TemplateValue {
  if (text.length > LENGTH_LIMIT) throw new TemplateError("a text is too long to be read as YAML");
  const plain = text.startsWith("\ufeff") ? text.slice(1) : text;
  const quick = isPlain(plain) ? readQuickly(plain) : undefined;
  return quick === undefined ? readThoroughly(plain) : quick;
}

/** Reads JSON. Throws `BrokenText`. */
export function readJson(text: string): TemplateValue {
  if (text.length > LENGTH_LIMIT) throw new TemplateError("a text is too long to be read as JSON");
  try {
    return fromJavaScript(JSON.parse(text));
  } catch (error) {
    throw new BrokenText(error instanceof Error ? error.message : String(error));
  }
}

/** Parsed data as template values. */
export function fromJavaScript(value: unknown): TemplateValue {
  if (Array.isArray(value)) return value.map(fromJavaScript);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [keyText(key), fromJavaScript(item)]));
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object" && value !== null)
    return new Map(Object.entries(value).map(([key, item]) => [key, fromJavaScript(item)]));
  if (typeof value === "bigint") return Number(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : null;
}

function keyText(key: unknown): string {
  if (typeof key === "object" && key !== null) throw new BrokenText("a key is no plain text");
  if (typeof key === "number") return Number.isInteger(key) ? String(key) : formatFloat(key);
  return String(key);
}

/** Where a plain value or key can begin, and where it can end. */
const START = "(?:^[ \\t]*|[:?-][ \\t]+|[[{,][ \\t]*)";
const END = "(?=[ \\t]*(?:$|[,\\]}:]| #))";
/** Values that YAML 1.1 reads otherwise than 1.2: `yes`, `010`, `1_000`, `.5`. */
const OLD_VALUE = new RegExp(
  `${START}(?:y|yes|n|no|on|off|[+-]?(?:0[\\d_]+|0[bo][\\d_]+|\\d+_[\\d_.]*|\\.\\d+|\\d+\\.|\\.inf|\\.nan))${END}`,
  "im",
);
/** Nodes that are named, tagged or merged, further documents, and tabs where space tells the structure. */
const BEYOND_PLAIN = new RegExp(
  `${START}(?:[&*][\\w-]|![\\w!<]|[?!](?:[ \\t]|$))|^(?:---|\\.\\.\\.|%)|<<[ \\t]*:|^ *\\t`,
  "m",
);

/** May the native parser, which knows YAML 1.2 and is a hundred times faster, read this? Not where the versions differ. */
function isPlain(text: string): boolean {
  // What stands in comments is neither.
  const code = text.replace(/^[ \t]*#.*$/gm, "").replace(/^\s*---[ \t]*\n/, "");
  return !OLD_VALUE.test(code) && !BEYOND_PLAIN.test(code);
}

function readQuickly(text: string): TemplateValue | undefined {
  try {
    const data = Bun.YAML.parse(text);
    return hasMapAsKey(data) ? undefined : fromJavaScript(data);
  } catch {
    // The thorough reader says what is wrong, or that nothing is.
    return undefined;
  }
}

/** `{{ x }}` is a dictionary that has a dictionary for its key, which Helm refuses and this parser makes a text of. */
function hasMapAsKey(data: unknown): boolean {
  if (typeof data !== "object" || data === null) return false;
  return Object.entries(data).some(([key, value]) => key === "[object Object]" || hasMapAsKey(value));
}

function readThoroughly(text: string): TemplateValue {
  if (nestsTooDeeply(text)) throw new BrokenText("it nests too deeply");
  // What stands before the first `---` is comments and directives.
  const begun = text.replace(/^(?:[ \t]*(?:#.*)?\r?\n|%.*\n)*---(?=\s|$)/, "");
  const [first = ""] = begun.split(/^(?:---|\.\.\.)(?=\s|$)/m);
  const parsed = parseDocument(first, HELM_YAML);
  const [error] = parsed.errors;
  if (error !== undefined) throw new BrokenText(error.message);
  try {
    return fromJavaScript(parsed.toJS({ mapAsMap: true, maxAliasCount: ALIAS_LIMIT }));
  } catch (cause) {
    throw new BrokenText(cause instanceof Error ? cause.message : String(cause));
  }
}
