/** Charts as Helm loads them. Source: Helm v3.22 and v4.3, "Charts": Chart.yaml (v1 and v2), requirements.yaml, charts/. */
import { toText } from "../../lib/go-template/cast-value.ts";
import { readYaml } from "../../lib/go-template/read-yaml.ts";
import { type TemplateMap, type TemplateValue, Unresolved } from "../../lib/go-template/template-value.ts";
import type { ChartFiles } from "./chart-files.ts";

/** A chart that another one wants. It is switched on or off by the values, and takes its alias for a name then. */
export type Dependency = {
  name: string;
  isEnabled: boolean;
  readonly alias: string;
  readonly version: string;
  /** Paths in the parent's values, between commas; the first that is true or false decides. */
  readonly condition: string;
  readonly tags: readonly string[];
  readonly imports: readonly TemplateValue[];
};

/** A chart and the charts that it carries. Choosing among those changes it, as it does in Helm. */
export class Chart {
  name: string;
  parent: Chart | null = null;
  values: TemplateMap;
  dependencies: Dependency[];
  subcharts: Chart[] = [];
  /** Where its files lie, from the outermost chart's folder; empty for that one. */
  readonly folder: string;
  readonly metadata: TemplateMap;
  readonly files: ChartFiles;

  constructor(init: Pick<Chart, "name" | "values" | "dependencies" | "folder" | "metadata" | "files">) {
    this.name = init.name;
    this.values = init.values;
    this.dependencies = init.dependencies;
    this.folder = init.folder;
    this.metadata = init.metadata;
    this.files = init.files;
  }

  /** What templates of this chart are called: `outer/charts/inner`. */
  get fullPath(): string {
    return this.parent === null ? this.name : `${this.parent.fullPath}/charts/${this.name}`;
  }

  /** Library charts lend their definitions and print nothing. */
  get isLibrary(): boolean {
    return toText(this.metadata.get("type")).toLowerCase() === "library";
  }

  /** Makes `subcharts` the chart's own: each knows one parent, the last that took it. */
  adopt(subcharts: readonly Chart[]): void {
    this.subcharts = [...subcharts];
    for (const subchart of subcharts) subchart.parent = this;
  }

  /** The same chart once more, under another name perhaps; what it carries is shared. */
  copy(name: string): Chart {
    const { values, dependencies, folder, metadata, files } = this;
    const copy = new Chart({ name, values, dependencies, folder, metadata, files });
    copy.subcharts = this.subcharts;
    copy.parent = this.parent;
    return copy;
  }
}

/** A chart's file that could not be read. */
export type ChartFault = { readonly file: string; readonly message: string };

const DEPTH_LIMIT = 16;

/** Puts a chart together from its files; null when there is no Chart.yaml. What is broken is added to `faults`. */
export function loadChart(files: ChartFiles, faults: ChartFault[], folder = "", depth = 0): Chart | null {
  if (!files.has("Chart.yaml") || depth > DEPTH_LIMIT) return null;
  const read = (name: string): TemplateMap => {
    const text = files.get(name);
    if (text === undefined) return new Map();
    const value = readYaml(text);
    if (value instanceof Unresolved) faults.push({ file: `${folder}${name}`, message: value.reason });
    return mapOf(value);
  };
  const metadata = read("Chart.yaml");
  const declared = listOf(metadata.get("dependencies") ?? read("requirements.yaml").get("dependencies"));
  const name = toText(metadata.get("name") ?? "");
  const dependencies = declared.map(toDependency);
  const chart = new Chart({ name, folder, metadata, values: read("values.yaml"), files, dependencies });
  chart.adopt(
    [...subchartFiles(files)].flatMap(([place, inner]) => {
      return loadChart(inner, faults, `${folder}charts/${place}/`, depth + 1) ?? [];
    }),
  );
  return chart;
}

/** The files under `charts/`, for each chart there. Names with `_` or `.` in front are not charts. */
function subchartFiles(files: ChartFiles): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  for (const [path, text] of files) {
    const parts = /^charts\/([^/._][^/]*)\/(.+)$/s.exec(path);
    if (parts?.[1] === undefined || parts[2] === undefined) continue;
    const group = groups.get(parts[1]) ?? new Map<string, string>();
    groups.set(parts[1], group.set(parts[2], text));
  }
  return new Map([...groups].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function toDependency(value: TemplateValue): Dependency {
  const entry = mapOf(value);
  const text = (key: string) => (entry.has(key) ? toText(entry.get(key)) : "");
  return {
    name: text("name"),
    isEnabled: true,
    alias: text("alias"),
    version: text("version"),
    condition: text("condition"),
    tags: listOf(entry.get("tags")).map(toText),
    imports: listOf(entry.get("import-values")),
  };
}

/** The dictionary, or an empty one: what Chart.yaml holds is not Helm's fault, nor a template's. */
export function mapOf(value: TemplateValue | undefined): TemplateMap {
  return value instanceof Map ? value : new Map();
}

function listOf(value: TemplateValue | undefined): TemplateValue[] {
  return Array.isArray(value) ? value : [];
}
