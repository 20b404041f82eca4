/** The values that each chart of a tree is rendered with. Source: Helm v3.18, "Values Files", "Subcharts and Globals". */
import { mergeMaps } from "../../lib/go-template/collection-functions.ts";
import { deepCopy, type TemplateMap, type TemplateValue, toMap, toText } from "../../lib/go-template/template-value.ts";
import { type Chart, type Dependency, renameChart } from "./chart.ts";

/** A chart that is rendered, with its own part of the values. */
export type ChartInUse = {
  readonly chart: Chart;
  readonly values: TemplateMap;
  readonly subcharts: readonly ChartInUse[];
};

/** Called for a dependency that is wanted and not carried along. */
export type MissingDependency = (parent: Chart, dependency: Dependency) => void;

/**
 * Composes the values of a chart and of the subcharts that they switch on.
 *
 * `given` are the values from outside; a null there takes the chart's own away. Globals reach every subchart.
 */
export function composeValues(chart: Chart, given: TemplateMap, missing: MissingDependency): ChartInUse {
  const tree = coalesce(chart, given);
  return useChart(chart, tree, tree, missing);
}

/** The chart's values with those given over them, and the same for each subchart under its name. */
function coalesce(chart: Chart, given: TemplateMap): TemplateMap {
  const values = toMap(deepCopy(given));
  mergeDefaults(values, toMap(deepCopy(chart.values)));
  for (const subchart of namedSubcharts(chart)) {
    const own = toMap(values.get(subchart.name));
    const globals = mergeMaps(toMap(deepCopy(values.get("global") ?? null)), toMap(own.get("global")), false);
    if (globals.size > 0) own.set("global", globals);
    values.set(subchart.name, coalesce(subchart, own));
  }
  for (const dependency of chart.dependencies) importValues(values, dependency);
  return values;
}

/** Fills in what is not given. A given null takes a default away. */
function mergeDefaults(values: TemplateMap, defaults: TemplateMap): void {
  for (const [key, fallback] of defaults) {
    const present = values.get(key);
    if (present instanceof Map && fallback instanceof Map) mergeDefaults(present, fallback);
    else if (present === undefined) values.set(key, fallback);
    else if (present === null) values.delete(key);
  }
}

/** The subcharts by the names they are used under: one that is wanted twice under two aliases is there twice. */
function namedSubcharts(chart: Chart): Chart[] {
  return chart.subcharts.flatMap((subchart) => {
    const uses = chart.dependencies.filter((dependency) => dependency.name === subchart.name);
    return uses.length === 0 ? [subchart] : uses.map((use) => renameChart(subchart, use.alias));
  });
}

function importValues(values: TemplateMap, dependency: Dependency): void {
  for (const entry of dependency.imports) {
    const child = entry instanceof Map ? toText(entry.get("child")) : `exports.${toText(entry)}`;
    const parent = entry instanceof Map ? toText(entry.get("parent")) : ".";
    const data = lookUp(toMap(values.get(dependency.alias)), child);
    if (!(data instanceof Map)) continue;
    let target = values;
    for (const key of parent.split(".").filter((part) => part !== "")) {
      const next = toMap(target.get(key));
      target.set(key, next);
      target = next;
    }
    mergeDefaults(target, toMap(deepCopy(data)));
  }
}

function useChart(chart: Chart, values: TemplateMap, root: TemplateMap, missing: MissingDependency): ChartInUse {
  const isOn = (dependency: Dependency) => isEnabled(dependency, values, root);
  for (const dependency of chart.dependencies) {
    if (isOn(dependency) && !chart.subcharts.some((subchart) => subchart.name === dependency.name))
      missing(chart, dependency);
  }
  const subcharts = namedSubcharts(chart).filter((subchart) => {
    const uses = chart.dependencies.filter((dependency) => dependency.alias === subchart.name);
    return uses.length === 0 || uses.some(isOn);
  });
  return {
    chart,
    values,
    subcharts: subcharts.map((subchart) => useChart(subchart, toMap(values.get(subchart.name)), root, missing)),
  };
}

/** Conditions go before tags; without either a dependency is on. */
function isEnabled(dependency: Dependency, values: TemplateMap, root: TemplateMap): boolean {
  for (const path of dependency.conditions) {
    const value = lookUp(values, path);
    if (typeof value === "boolean") return value;
  }
  const tags = dependency.tags.map((tag) => lookUp(root, `tags.${tag}`)).filter((value) => typeof value === "boolean");
  return tags.length === 0 || tags.includes(true);
}

function lookUp(values: TemplateMap, path: string): TemplateValue {
  return path.split(".").reduce<TemplateValue>((at, key) => toMap(at).get(key) ?? null, values);
}
