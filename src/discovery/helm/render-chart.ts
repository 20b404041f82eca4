/** Renders a chart as `helm template` does, as far as that can be known without a cluster. */
import { toText } from "../../lib/go-template/cast-value.ts";
import { addDefinitions, TemplateEvaluation } from "../../lib/go-template/evaluate-template.ts";
import { parseTemplate } from "../../lib/go-template/parse-template.ts";
import { TEMPLATE_FUNCTIONS } from "../../lib/go-template/template-functions.ts";
import type { TemplateDoubt } from "../../lib/go-template/template-run.ts";
import type { TemplateDefinition } from "../../lib/go-template/template-syntax.ts";
import {
  TemplateError,
  type TemplateMap,
  type TemplatePlace,
  type TemplateValue,
} from "../../lib/go-template/template-value.ts";
import type { Chart } from "./chart.ts";
import { chartFilesObject } from "./chart-files-object.ts";
import type { HelmMajor } from "./helm-rules.ts";
import { capabilities, chartObject, releaseObject } from "./template-objects.ts";

/** What one template printed. `file` is its path from the chart's folder, `lines` its line for each printed line. */
export type RenderedTemplate = { readonly file: string; readonly text: string; readonly lines: readonly number[] };

/** A template that could not be rendered. */
type RenderFault = TemplatePlace & { readonly message: string };

/** A chart's rendering. The mark in a text that `splitAtMarks` gives as `n` stands for `unresolved[n]`. */
export type Rendering = {
  readonly templates: readonly RenderedTemplate[];
  readonly faults: readonly RenderFault[];
  readonly unresolved: readonly TemplateDoubt[];
  readonly undecided: readonly TemplateDoubt[];
  /** All that could not be known, whether it shows in a text or not. */
  readonly doubts: readonly TemplateDoubt[];
  readonly refusals: readonly TemplateDoubt[];
  /** How much work it was. */
  readonly steps: number;
};

type Template = {
  /** Its path from the outermost chart's folder. */
  readonly file: string;
  readonly text: string;
  readonly context: TemplateMap;
  readonly basePath: string;
};

/**
 * Renders all templates of a chart and its subcharts with the values: deepest paths first, names descending, each chart's
 * in one context that they share. A template that fails is a fault, with which Helm ends; here the others are rendered.
 */
export function renderChart(root: Chart, values: TemplateMap, helm: HelmMajor): Rendering {
  const templates = new Map<string, Template>();
  const outer = new Map<string, TemplateValue>([
    ["Values", values],
    ["Release", releaseObject()],
    ["Capabilities", capabilities(helm)],
  ]);
  collectTemplates(root, outer, templates);
  const order = [...templates.keys()].sort(byDepthThenName);
  const faults: RenderFault[] = [];
  const definitions = parseAll(order, templates, faults);
  const evaluation = new TemplateEvaluation(TEMPLATE_FUNCTIONS, definitions);
  const rendered = order.flatMap((path) => {
    const template = templates.get(path);
    const definition = definitions.get(path);
    // Files whose names begin with _ are there to be included.
    if (template === undefined || definition === undefined || /(?:^|\/)_[^/]*$/.test(path)) return [];
    return renderOne(path, template, definition, evaluation, faults) ?? [];
  });
  const { unresolved, undecided, refusals, steps } = evaluation;
  const doubts = [...evaluation.doubts.values()];
  return { templates: rendered, faults, unresolved, undecided, doubts, refusals, steps };
}

function renderOne(
  path: string,
  { file, text, context, basePath }: Template,
  definition: TemplateDefinition,
  evaluation: TemplateEvaluation,
  faults: RenderFault[],
): RenderedTemplate | null {
  context.set(
    "Template",
    new Map([
      ["Name", path],
      ["BasePath", basePath],
    ]),
  );
  try {
    const output = evaluation.render(definition, context);
    // NOTES.txt runs, and what it says is for people.
    if (path.endsWith("NOTES.txt")) return null;
    const last = Math.max(1, text.replace(/\n$/, "").split("\n").length);
    const lines = output.lines().map((line) => Math.min(line, last));
    return { file, text: output.toString().replaceAll("<no value>", ""), lines };
  } catch (error) {
    faults.push(faultOf(file, error, evaluation.place));
    return null;
  }
}

/** Fills `templates` by their full names; the chart's context, which holds those of its subcharts. */
function collectTemplates(chart: Chart, outer: TemplateMap, templates: Map<string, Template>): TemplateMap {
  const outerValues = outer.get("Values");
  const own = outerValues instanceof Map ? outerValues.get(chart.name) : null;
  const values = chart.parent === null ? outerValues : own;
  const subcharts: TemplateMap = new Map();
  const context = new Map<string, TemplateValue>([
    ["Values", values instanceof Map ? values : new Map()],
    ["Chart", chartObject(chart)],
    ["Release", outer.get("Release") ?? null],
    ["Capabilities", outer.get("Capabilities") ?? null],
    ["Files", chartFilesObject(chart.files, toText(chart.metadata.get("apiVersion")))],
    ["Subcharts", subcharts],
  ]);
  for (const subchart of chart.subcharts) subcharts.set(subchart.name, collectTemplates(subchart, context, templates));
  const path = chart.fullPath;
  for (const [name, text] of chart.files) {
    if (!name.startsWith("templates/") || (chart.isLibrary && !/(?:^|\/)_[^/]*$/.test(name))) continue;
    templates.set(`${path}/${name}`, { file: chart.folder + name, text, context, basePath: `${path}/templates` });
  }
  return context;
}

/** More slashes first; among those with as many, the later name first. */
function byDepthThenName(a: string, b: string): number {
  const [depth, other] = [a.split("/").length, b.split("/").length];
  return depth !== other ? other - depth : a < b ? 1 : -1;
}

/** All that is defined: what is parsed later takes the place of what has the same name, unless it is empty. */
function parseAll(order: readonly string[], templates: ReadonlyMap<string, Template>, faults: RenderFault[]) {
  const definitions = new Map<string, TemplateDefinition>();
  for (const path of order) {
    const template = templates.get(path);
    if (template === undefined) continue;
    try {
      const { body, definitions: own } = parseTemplate(template.text, template.file);
      addDefinitions(definitions, own);
      definitions.set(path, body);
    } catch (error) {
      faults.push(faultOf(template.file, error, { file: null, line: null }));
    }
  }
  return definitions;
}

function faultOf(file: string, error: unknown, place: TemplatePlace): RenderFault {
  if (error instanceof TemplateError) return { file: error.file ?? file, line: error.line, message: error.message };
  // The stack may be used up by templates that nest within bounds of their own.
  if (error instanceof RangeError)
    return { file: place.file ?? file, line: place.line, message: "the templates nest too deeply" };
  throw error;
}
