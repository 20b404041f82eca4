/** Renders a chart as `helm template` does, as far as that can be known without Helm and a cluster. */
import { TemplateEvaluation } from "../../lib/go-template/evaluate-template.ts";
import { parseTemplate } from "../../lib/go-template/parse-template.ts";
import { TEMPLATE_FUNCTIONS } from "../../lib/go-template/template-functions.ts";
import type { TemplateNode } from "../../lib/go-template/template-syntax.ts";
import { TemplateError, type TemplateMap, type TemplateValue, toText } from "../../lib/go-template/template-value.ts";
import type { ChartInUse } from "./chart-values.ts";
import { capabilities, chartFilesObject, chartObject, releaseObject } from "./template-objects.ts";

/** What one template printed. `file` is its path from the chart's folder, `lines` its line for each printed line. */
export type RenderedTemplate = { readonly file: string; readonly text: string; readonly lines: readonly number[] };

/** A template that could not be rendered. */
type RenderFault = { readonly file: string; readonly line: number | null; readonly message: string };

/** A chart's rendering. `unresolved[n]` is why the mark `__unresolved_n__` stands in a text. */
export type Rendering = {
  readonly templates: readonly RenderedTemplate[];
  readonly faults: readonly RenderFault[];
  readonly unresolved: readonly string[];
  readonly refusals: readonly string[];
};

type Template = {
  readonly file: string;
  readonly nodes: readonly TemplateNode[];
  readonly use: ChartInUse;
  readonly path: string;
};

/** Renders all templates of the charts in use. A template that fails is a fault; the others are rendered. */
export function renderChart(root: ChartInUse): Rendering {
  const faults: RenderFault[] = [];
  const definitions = new Map<string, readonly TemplateNode[]>();
  const templates = collectTemplates(root, root.chart.name, definitions, faults);
  const evaluation = new TemplateEvaluation(TEMPLATE_FUNCTIONS, definitions);
  const rendered: RenderedTemplate[] = [];
  for (const { file, nodes, use, path } of templates) {
    const base = path.slice(0, path.indexOf("/templates/") + "/templates".length);
    const dot = contextOf(use, use === root);
    dot.set(
      "Template",
      new Map([
        ["Name", path],
        ["BasePath", base],
      ]),
    );
    try {
      const output = evaluation.render(nodes, dot);
      rendered.push({ file, text: output.toString(), lines: output.lines() });
    } catch (error) {
      faults.push(faultOf(file, error));
    }
  }
  return { templates: rendered, faults, unresolved: evaluation.unresolved, refusals: evaluation.refusals };
}

/** Subcharts first, so that a parent's definitions win over those of the same name below it, as Helm has it. */
function collectTemplates(
  use: ChartInUse,
  path: string,
  definitions: Map<string, readonly TemplateNode[]>,
  faults: RenderFault[],
): Template[] {
  const below = use.subcharts.flatMap((subchart) => {
    return collectTemplates(subchart, `${path}/charts/${subchart.chart.name}`, definitions, faults);
  });
  const isLibrary = use.chart.metadata.get("type") === "library";
  const own = [...use.chart.files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, text]): Template[] => {
      if (!/^templates\/.*\.(?:ya?ml|tpl|txt|json)$/.test(name)) return [];
      const file = use.chart.folder + name;
      try {
        const parsed = parseTemplate(text);
        for (const [defined, nodes] of parsed.definitions) definitions.set(defined, nodes);
        definitions.set(`${path}/${name}`, parsed.body);
        const prints = !isLibrary && !/(?:^|\/)(?:_[^/]*|NOTES\.txt)$/.test(name);
        return prints ? [{ file, nodes: parsed.body, use, path: `${path}/${name}` }] : [];
      } catch (error) {
        faults.push(faultOf(file, error));
        return [];
      }
    });
  return [...below, ...own];
}

function contextOf(use: ChartInUse, isRoot: boolean): TemplateMap {
  const subcharts = use.subcharts.map((subchart): [string, TemplateValue] => [
    subchart.chart.name,
    contextOf(subchart, false),
  ]);
  return new Map<string, TemplateValue>([
    ["Values", use.values],
    ["Chart", chartObject(use.chart, isRoot)],
    ["Release", releaseObject()],
    ["Capabilities", capabilities()],
    ["Files", chartFilesObject(use.chart.files)],
    ["Subcharts", new Map(subcharts)],
  ]);
}

function faultOf(file: string, error: unknown): RenderFault {
  if (error instanceof TemplateError) return { file, line: error.line, message: error.message };
  // The stack may be used up by templates that nest within bounds of their own.
  if (error instanceof RangeError)
    return { file, line: null, message: `the template is too deep: ${toText(error.message)}` };
  throw error;
}
