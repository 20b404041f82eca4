/** `.Files`: what a chart carries beside its templates, subcharts and values. Source: Helm v3.22 and v4.3, pkg/engine. */
import { toText } from "../../lib/go-template/cast-value.ts";
import { printYaml } from "../../lib/go-template/print-yaml.ts";
import { TemplateObject, type TemplateValue } from "../../lib/go-template/template-value.ts";
import type { ChartFiles } from "./chart-files.ts";
import { globPattern } from "./glob-pattern.ts";

const NO_FILES =
  /^(?:templates\/|charts\/(?!.*\.prov$)|(?:Chart\.yaml|Chart\.lock|values\.yaml|values\.schema\.json)$)/;
const OLD_LISTS = /^requirements\.(?:yaml|lock)$/;

/** The files that templates may read; `apiVersion` is the chart's, whose first version had files of its own. */
export function chartFilesObject(files: ChartFiles, apiVersion: string): TemplateObject {
  const isFile = (path: string) => !NO_FILES.test(path) && (apiVersion !== "v2" || !OLD_LISTS.test(path));
  return filesObject(new Map([...files].filter(([path]) => isFile(path))));
}

function filesObject(files: ReadonlyMap<string, string>): TemplateObject {
  const get: TemplateValue = ([path]) => files.get(toText(path)) ?? "";
  const methods: [string, TemplateValue][] = [
    ["Get", get],
    ["GetBytes", get],
    ["Lines", ([path]) => linesOf(files.get(toText(path)) ?? "")],
    ["Glob", ([pattern]) => matching(files, toText(pattern))],
    ["AsConfig", () => byBaseName(files, (text) => text)],
    ["AsSecrets", () => byBaseName(files, (text) => Buffer.from(text).toString("base64"))],
  ];
  return new TemplateObject("engine.files", new Map(methods), new Map(files));
}

function matching(files: ReadonlyMap<string, string>, pattern: string): TemplateObject {
  const matches = globPattern(pattern);
  return filesObject(new Map([...files].filter(([path]) => matches(path))));
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

/** YAML of the texts by the names of their files, without folders. */
function byBaseName(files: ReadonlyMap<string, string>, write: (text: string) => string): string {
  const paths = [...files.keys()].sort();
  return printYaml(new Map(paths.map((path) => [path.slice(path.lastIndexOf("/") + 1), write(files.get(path) ?? "")])));
}
