import { toText } from "../../lib/go-template/cast-value.ts";
import { splitAtMarks, TemplateEvaluation, type TemplateFunctions } from "../../lib/go-template/evaluate-template.ts";
import { parseTemplate } from "../../lib/go-template/parse-template.ts";
import { fromJavaScript } from "../../lib/go-template/read-yaml.ts";
import { TEMPLATE_FUNCTIONS } from "../../lib/go-template/template-functions.ts";
import { TemplateError, type TemplateValue } from "../../lib/go-template/template-value.ts";
import type { Findings } from "../found/found-image.ts";
import type { Located } from "../found/located-value.ts";
import { plainOf } from "../releases/given-values.ts";

/** helmfile's own functions that read the environment see an empty one; `get` reads values by a path. */
const FUNCTIONS: TemplateFunctions = {
  ...TEMPLATE_FUNCTIONS,
  byName: new Map([
    ...TEMPLATE_FUNCTIONS.byName,
    ["env", () => ""],
    ["isFile", () => false],
    ["isDir", () => false],
    ["get", ([path, ...rest]) => getAt(toText(path), rest)],
  ]),
};

/** Renders the parts of a helmfile with the values of its environment. */
export class HelmfileTemplate {
  readonly #values: TemplateValue;

  constructor(values: Located | null) {
    this.#values = fromJavaScript(values === null ? {} : plainOf(values, 0));
  }

  /** What the template prints, and its line for each line of that; null, and said so, when it cannot be rendered. */
  render(
    text: string,
    file: string,
    findings: Findings,
    firstLine: number,
  ): { readonly text: string; readonly lines: readonly number[] } | null {
    const lineOf = (line: number | null) => (line === null ? null : firstLine - 1 + line);
    try {
      const parsed = parseTemplate(text, file);
      const evaluation = new TemplateEvaluation(FUNCTIONS, parsed.definitions);
      const environment = new Map<string, TemplateValue>([["Name", "default"]]);
      const dot = new Map<string, TemplateValue>([
        ["Values", this.#values],
        ["StateValues", this.#values],
        ["Environment", new Map([...environment, ["Values", this.#values]])],
        ["Namespace", ""],
      ]);
      const output = evaluation.render(parsed.body, dot);
      // What could not be known stays a placeholder, which readers of images know as one.
      const pieces = splitAtMarks(output.toString().replaceAll("<no value>", ""));
      const marked = pieces.map((piece) => (typeof piece === "string" ? piece : "<not known>"));
      const [first] = evaluation.unresolved;
      if (first !== undefined) {
        const others = evaluation.unresolved.length - 1;
        const more = others === 0 ? "" : ` (and ${others} more values in this file)`;
        findings.note({ file, line: lineOf(first.place.line) }, `left open: ${first.reason}${more}`);
      }
      return { text: marked.join(""), lines: output.lines() };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      findings.error({ file, line: lineOf(error.line) }, `the template cannot be rendered: ${error.message}`);
      return null;
    }
  }
}

/** `get "a.b" .Values`, `get "a.b" fallback .Values`. */
function getAt(path: string, rest: readonly TemplateValue[]): TemplateValue {
  let at: TemplateValue | undefined = rest.at(-1);
  for (const key of path.split(".")) at = at instanceof Map ? at.get(key) : undefined;
  return at ?? (rest.length > 1 ? (rest[0] ?? null) : null);
}
