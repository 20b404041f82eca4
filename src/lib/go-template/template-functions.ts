/** All functions of Helm's templates. Source: Helm v3.18, "Template Functions and Pipelines". */
import { COLLECTION_FUNCTIONS } from "./collection-functions.ts";
import { ENCODING_FUNCTIONS } from "./encoding-functions.ts";
import type { TemplateFunction } from "./evaluate-template.ts";
import { LOGIC_FUNCTIONS } from "./logic-functions.ts";
import { parseTemplate } from "./parse-template.ts";
import { toText, Unresolved } from "./template-value.ts";
import { TEXT_FUNCTIONS } from "./text-functions.ts";

/** Those that render, and those that end Helm's rendering, which here goes on without what they ask for. */
const RENDERING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  include: ([name, dot], evaluation) =>
    evaluation.renderNamed(toText(name), dot ?? null) ?? new Unresolved(`the template ${toText(name)} is not defined`),
  tpl: ([text, dot], evaluation) => {
    if (text instanceof Unresolved) return text;
    const { body, definitions } = parseTemplate(toText(text));
    for (const [name, nodes] of definitions) evaluation.definitions.set(name, nodes);
    return evaluation.render(body, dot ?? null).toString();
  },
  required: ([message, value]) =>
    value === null || value === undefined || value === ""
      ? new Unresolved(`a value is required: ${toText(message)}`)
      : value,
  fail: ([message], evaluation) => {
    evaluation.refusals.push(toText(message));
    return "";
  },
  // Nothing is installed yet, so that nothing is found in the cluster.
  lookup: () => new Map(),
  call: ([method, ...args]) => (typeof method === "function" ? method(args) : new Unresolved("call needs a function")),
};

/** The functions by name. */
export const TEMPLATE_FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map(
  [TEXT_FUNCTIONS, COLLECTION_FUNCTIONS, LOGIC_FUNCTIONS, ENCODING_FUNCTIONS, RENDERING_FUNCTIONS].flatMap(
    Object.entries,
  ),
);
