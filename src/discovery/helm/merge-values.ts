/**
 * How values are put over each other. What is given wins over what a chart has, maps are merged, all else is replaced.
 *
 * There are two ways: to coalesce, where a null takes a value away, and to merge, where it stays to do so later.
 * Source: Helm v3.22, pkg/chartutil; Helm v4.3, pkg/chart/common/util.
 */
import { deepCopy, type TemplateMap } from "../../lib/go-template/template-value.ts";
import { type Chart, mapOf } from "./chart.ts";
import type { HelmMajor } from "./helm-rules.ts";

/** How to put values together. */
export type MergeMode = { readonly helm: HelmMajor; readonly keepsNulls: boolean };

/** The values of a chart and all below it, with `given` over them; nothing that is handed in is changed. */
export function composeValues(chart: Chart, given: TemplateMap, mode: MergeMode): TemplateMap {
  return coalesce(chart, mapOf(deepCopy(given)), mode);
}

function coalesce(chart: Chart, values: TemplateMap, mode: MergeMode): TemplateMap {
  addDefaults(chart, values, mode);
  for (const subchart of chart.subcharts) {
    const own = mapOf(values.get(subchart.name));
    addGlobals(own, values);
    values.set(subchart.name, coalesce(subchart, own, mode));
  }
  return values;
}

/** Globals of the parent win over the child's; the child gets a copy of its own. */
function addGlobals(own: TemplateMap, values: TemplateMap): void {
  const [ownGlobals, globals] = [own.get("global") ?? new Map(), values.get("global") ?? new Map()];
  if (!(ownGlobals instanceof Map) || !(globals instanceof Map)) return;
  for (const [key, value] of globals) {
    const present = ownGlobals.get(key);
    if (value instanceof Map) {
      const copy: TemplateMap = new Map(value);
      if (present instanceof Map) mergeTables(copy, present, true);
      if (present instanceof Map || !ownGlobals.has(key)) ownGlobals.set(key, copy);
    } else if (!(present instanceof Map)) {
      ownGlobals.set(key, value);
    }
  }
  own.set("global", ownGlobals);
}

function addDefaults(chart: Chart, values: TemplateMap, { helm, keepsNulls }: MergeMode): void {
  const dropsOwnNulls = helm === 4 && !keepsNulls;
  for (const [key, fallback] of mapOf(deepCopy(chart.values))) {
    const present = values.get(key);
    if (present === undefined) {
      if (dropsOwnNulls && fallback === null) continue;
      if (dropsOwnNulls && fallback instanceof Map) dropNulls(fallback);
      values.set(key, fallback);
    } else if (present === null && !keepsNulls) {
      values.delete(key);
    } else if (present instanceof Map && fallback instanceof Map) {
      if (dropsOwnNulls) dropNulls(fallback);
      // What is meant for a subchart still has to take that one's values away.
      const isSubchart = chart.subcharts.some(({ name }) => name === key);
      mergeTables(present, fallback, keepsNulls || isSubchart);
    }
  }
}

/** Merges `defaults` into `values`, which win; with `keepsNulls` a null stays, else it takes the default away. */
export function mergeTables(values: TemplateMap, defaults: TemplateMap, keepsNulls: boolean): TemplateMap {
  const isSet = new Set([...defaults].filter(([, value]) => value !== null).map(([key]) => key));
  for (const [key, value] of values) if (value === null) defaults.set(key, null);
  for (const [key, fallback] of defaults) {
    const present = values.get(key);
    if (present === undefined) values.set(key, fallback);
    else if (present === null && !keepsNulls && isSet.has(key)) values.delete(key);
    else if (present instanceof Map && fallback instanceof Map) mergeTables(present, fallback, keepsNulls);
  }
  return values;
}

/** Takes all nulls out of the map and the maps in it. */
export function dropNulls(map: TemplateMap): TemplateMap {
  for (const [key, value] of map) {
    if (value === null) map.delete(key);
    else if (value instanceof Map) dropNulls(value);
  }
  return map;
}
