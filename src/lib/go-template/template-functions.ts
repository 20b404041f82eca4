/** All functions of Helm's templates. Source: Helm v3.22 and v4.3, pkg/engine; Sprig v3.3.0; Go 1.26, text/template. */
import { toText } from "./cast-value.ts";
import { CASE_FUNCTIONS } from "./case-functions.ts";
import { DATE_FUNCTIONS } from "./date-functions.ts";
import { ENCODING_FUNCTIONS } from "./encoding-functions.ts";
import type { TemplateFunctions } from "./evaluate-template.ts";
import type { TemplateFunction, TemplateRun } from "./template-run.ts";
import { LIST_FUNCTIONS } from "./list-functions.ts";
import { LOGIC_FUNCTIONS } from "./logic-functions.ts";
import { MAP_FUNCTIONS } from "./map-functions.ts";
import { NUMBER_FUNCTIONS } from "./number-functions.ts";
import { parseTemplate } from "./parse-template.ts";
import { PATH_FUNCTIONS } from "./path-functions.ts";
import { REGEX_FUNCTIONS } from "./regex-functions.ts";
import { SECRET_FUNCTIONS } from "./secret-functions.ts";
import type { ParsedTemplate } from "./template-syntax.ts";
import { CallFailure, TemplateError, Unresolved } from "./template-value.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";
import { VERSION_FUNCTIONS } from "./version-functions.ts";

const NO_VALUE = "<no value>";

/** Those that render, and those that end Helm's rendering, which here goes on without what they ask for. */
const RENDERING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  include: ([name, dot], run) =>
    run.renderNamed(toText(name), dot ?? null) ??
    run.doubt(`the template ${JSON.stringify(toText(name))} is not defined`),
  tpl: ([text, dot], run) => {
    if (text instanceof Unresolved) return text;
    const source = toText(text);
    // Most of what charts hand over is plain text.
    const printed = source.includes("{{") ? run.renderText(parsed(run, source), dot ?? null) : source;
    return printed.replaceAll(NO_VALUE, "");
  },
  required: ([message, value], run) =>
    value === null || value === undefined || value === ""
      ? run.doubt(`a value is required: ${toText(message)}`)
      : value,
  fail: ([message], run) => {
    run.refusals.push({ reason: toText(message), place: run.place });
    return "";
  },
  // Nothing is installed yet, so that nothing is found in the cluster.
  lookup: () => new Map(),
  call: ([method, ...args]) => {
    if (typeof method !== "function") throw new CallFailure("there is no function to call");
    return method(args);
  },
};

const ALL: readonly Readonly<Record<string, TemplateFunction>>[] = [
  TEXT_FUNCTIONS,
  CASE_FUNCTIONS,
  REGEX_FUNCTIONS,
  LIST_FUNCTIONS,
  MAP_FUNCTIONS,
  LOGIC_FUNCTIONS,
  NUMBER_FUNCTIONS,
  VERSION_FUNCTIONS,
  ENCODING_FUNCTIONS,
  DATE_FUNCTIONS,
  PATH_FUNCTIONS,
  SECRET_FUNCTIONS,
  RENDERING_FUNCTIONS,
];

/** The functions that Helm's templates may call. */
export const TEMPLATE_FUNCTIONS: TemplateFunctions = {
  byName: new Map(ALL.flatMap((functions) => Object.entries(functions))),
  deep: new Set(
    (
      "toYaml toYamlPretty toJson toRawJson toPrettyJson toToml deepCopy deepEqual merge mergeOverwrite print println " +
      "printf toString toStrings quote squote cat join html js urlquery sortAlpha uniq has without eq ne"
    ).split(" "),
  ),
  tolerant: new Set(["include", "tpl", "dict", "list", "tuple", "set", "append", "push", "prepend"]),
};

const KEPT_TEMPLATES = 1_000;
const parsedTexts = new WeakMap<TemplateRun, Map<string, ParsedTemplate>>();

/** The text's template; the same text is often given again. Errors stand where the text is used. */
function parsed(run: TemplateRun, source: string): ParsedTemplate {
  const known = parsedTexts.get(run) ?? new Map<string, ParsedTemplate>();
  parsedTexts.set(run, known);
  const found = known.get(source);
  if (found !== undefined) return found;
  run.charge(source.length / 16);
  try {
    const template = parseTemplate(source);
    if (known.size < KEPT_TEMPLATES) known.set(source, template);
    return template;
  } catch (error) {
    if (error instanceof TemplateError) throw new CallFailure(`the text is no template: ${error.message}`);
    throw error;
  }
}
