/**
 * Which of its subcharts a chart uses: by conditions, tags and aliases; and the values that it imports from them.
 * Source: Helm v3.22, pkg/chartutil; Helm v4.3, pkg/chart/v2/util.
 */
import { parseConstraint, parseVersion } from "../../lib/go-template/semantic-version.ts";
import { toText } from "../../lib/go-template/cast-value.ts";
import { deepCopy, type TemplateMap, type TemplateValue } from "../../lib/go-template/template-value.ts";
import { type Chart, type Dependency, mapOf } from "./chart.ts";
import type { HelmMajor } from "./helm-rules.ts";
import { composeValues, mergeTables } from "./merge-values.ts";

/** Called for a dependency that is wanted and not carried along. */
export type MissingDependency = (parent: Chart, dependency: Dependency) => void;

/** Leaves the subcharts that the values switch on, under the names that they are used by. */
export function chooseSubcharts(chart: Chart, given: TemplateMap, helm: HelmMajor, missing: MissingDependency): void {
  choose(chart, given, "", { helm, missing });
  importFromSubcharts(chart, helm);
}

type Choice = { readonly helm: HelmMajor; readonly missing: MissingDependency };

function choose(chart: Chart, given: TemplateMap, path: string, choice: Choice): void {
  if (chart.dependencies.length === 0) return;
  const isAskedFor = (subchart: Chart) => chart.dependencies.some((dependency) => fits(subchart, dependency));
  const used = chart.subcharts.filter((subchart) => !isAskedFor(subchart));
  const absent: Dependency[] = [];
  for (const dependency of chart.dependencies) {
    const subchart = chart.subcharts.find((candidate) => fits(candidate, dependency));
    if (subchart !== undefined) used.push(copyFor(subchart, dependency, choice.helm));
    else if (!chart.subcharts.some(({ name }) => name === dependency.name)) absent.push({ ...dependency });
    if (dependency.alias !== "") dependency.name = dependency.alias;
  }
  chart.adopt(used);
  const values = composeValues(chart, given, { helm: choice.helm, keepsNulls: false });
  for (const dependency of chart.dependencies) dependency.isEnabled = isEnabled(dependency, values, path);
  for (const dependency of absent) if (isEnabled(dependency, values, path)) choice.missing(chart, dependency);
  const off = new Set(chart.dependencies.filter((dependency) => !dependency.isEnabled).map(({ name }) => name));
  const on = chart.subcharts.filter(({ name }) => !off.has(name));
  for (const subchart of on) choose(subchart, values, `${path}${subchart.name}.`, choice);
  chart.dependencies = chart.dependencies.filter(({ name }) => !off.has(name));
  chart.adopt(on);
}

function fits(subchart: Chart, dependency: Dependency): boolean {
  if (subchart.name !== dependency.name) return false;
  const version = parseVersion(toText(subchart.metadata.get("version") ?? ""));
  return version !== null && (parseConstraint(dependency.version)?.(version) ?? false);
}

/** Helm 3 shares what lies below a chart between its aliases, so that the last one's values count for all. */
function copyFor(subchart: Chart, { alias }: Dependency, helm: HelmMajor): Chart {
  const copy = subchart.copy(alias === "" ? subchart.name : alias);
  if (helm === 3) return copy;
  copy.dependencies = subchart.dependencies.map((dependency) => ({ ...dependency }));
  copy.adopt(subchart.subcharts.map((inner) => inner.copy(inner.name)));
  return copy;
}

/** Conditions go before tags; without either a dependency is on. */
function isEnabled(dependency: Dependency, values: TemplateMap, path: string): boolean {
  for (const condition of dependency.condition.trim().split(",")) {
    const value = condition === "" ? null : lookUp(values, path + condition);
    if (typeof value === "boolean") return value;
  }
  const tags = mapOf(values.get("tags"));
  const said = dependency.tags.map((tag) => tags.get(tag)).filter((value) => typeof value === "boolean");
  return said.length === 0 || said.includes(true);
}

function lookUp(values: TemplateMap, path: string): TemplateValue {
  return path.split(".").reduce<TemplateValue>((at, key) => mapOf(at).get(key) ?? null, values);
}

function importFromSubcharts(chart: Chart, helm: HelmMajor): void {
  for (const subchart of chart.subcharts) importFromSubcharts(subchart, helm);
  if (chart.dependencies.length === 0) return;
  const values = composeValues(chart, new Map(), { helm, keepsNulls: true });
  const imported: TemplateMap = new Map();
  for (const dependency of chart.dependencies) {
    for (const entry of dependency.imports) {
      const isMap = entry instanceof Map;
      const child = isMap ? toText(entry.get("child")) : `exports.${toText(entry)}`;
      const data = lookUp(values, `${dependency.name}.${child}`);
      if (data instanceof Map) mergeTables(imported, nested(isMap ? toText(entry.get("parent")) : ".", data), true);
    }
  }
  // What the chart says itself wins over what it imports.
  chart.values = mergeTables(mapOf(deepCopy(values)), imported, true);
}

/** `data` under a path: `a.b`, or `.` for the top. */
function nested(path: string, data: TemplateMap): TemplateMap {
  if (path === ".") return data;
  return path.split(".").reduceRight<TemplateMap>((inner, key) => new Map([[key, inner]]), data);
}
