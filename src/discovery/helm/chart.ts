/** Charts as Helm loads them. Source: Helm v3.18, "Charts": Chart.yaml (v1 and v2), requirements.yaml, charts/. */
import { readYaml } from "../../lib/go-template/encoding-functions.ts";
import {
  type TemplateMap,
  type TemplateValue,
  toList,
  toMap,
  toText,
  Unresolved,
} from "../../lib/go-template/template-value.ts";
import type { ChartFiles } from "./chart-files.ts";

/** A chart that another one wants. */
export type Dependency = {
  readonly name: string;
  readonly alias: string;
  readonly repository: string;
  /** Paths in the parent's values, the first that exists decides. */
  readonly conditions: readonly string[];
  readonly tags: readonly string[];
  readonly imports: readonly TemplateValue[];
};

/** A chart and the charts that it carries. */
export type Chart = {
  readonly name: string;
  /** Where its files lie, from the outermost chart's folder; empty for that one. */
  readonly folder: string;
  readonly metadata: TemplateMap;
  readonly values: TemplateMap;
  readonly files: ChartFiles;
  readonly dependencies: readonly Dependency[];
  readonly subcharts: readonly Chart[];
};

/** A chart's file that could not be read. */
export type ChartFault = { readonly file: string; readonly message: string };

const DEPTH_LIMIT = 16;

/** Puts a chart together from its files; null when there is no Chart.yaml. What is broken is added to `faults`. */
export function loadChart(files: ChartFiles, faults: ChartFault[], folder = "", depth = 0): Chart | null {
  if (!files.has("Chart.yaml") || depth > DEPTH_LIMIT) return null;
  const read = (name: string): TemplateMap => {
    const value = readYaml(files.get(name) ?? "");
    if (value instanceof Unresolved) faults.push({ file: `${folder}${name}`, message: value.reason });
    return toMap(value);
  };
  const metadata = read("Chart.yaml");
  const subcharts = [...subchartFiles(files)].flatMap(([name, inner]) => {
    return loadChart(inner, faults, `${folder}charts/${name}/`, depth + 1) ?? [];
  });
  const declared = metadata.get("dependencies") ?? read("requirements.yaml").get("dependencies");
  return {
    name: toText(metadata.get("name")),
    folder,
    metadata,
    values: read("values.yaml"),
    files,
    dependencies: toList(declared).map(toDependency),
    subcharts,
  };
}

/** The chart under another name, as `alias` asks for. */
export function renameChart(chart: Chart, name: string): Chart {
  return name === chart.name ? chart : { ...chart, name };
}

/** The files under `charts/`, for each chart there. Names with `_` or `.` in front are not charts. */
function subchartFiles(files: ChartFiles): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  for (const [path, text] of files) {
    const parts = /^charts\/([^/._][^/]*)\/(.+)$/.exec(path);
    if (parts?.[1] === undefined || parts[2] === undefined) continue;
    const group = groups.get(parts[1]) ?? new Map<string, string>();
    groups.set(parts[1], group.set(parts[2], text));
  }
  return groups;
}

function toDependency(value: TemplateValue): Dependency {
  const entry = toMap(value);
  const name = toText(entry.get("name"));
  return {
    name,
    alias: toText(entry.get("alias")) || name,
    repository: toText(entry.get("repository")),
    conditions: toText(entry.get("condition"))
      .split(",")
      .map((path) => path.trim())
      .filter((path) => path !== ""),
    tags: toList(entry.get("tags")).map(toText),
    imports: toList(entry.get("import-values")),
  };
}
