/** Argo CD's applications. Source: Argo CD's documentation (2.14): Application and ApplicationSet, "Helm", "Kustomize". */
import { isThere } from "../files/reading.ts";
import { join } from "node:path";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  scalarFor,
  stringAt,
  stringsAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { readText } from "../files/read-text.ts";
import { linesOf, readDocuments } from "../files/yaml-documents.ts";
import { chartHere, findInRepository, nameChart } from "./chart-origin.ts";
import { mergeAll, setValue, typedScalar } from "./chart-values.ts";
import { readValuesText } from "./referred-values.ts";

export const argoCd: DocumentFormat = {
  tool: "Argo CD",
  mark: /\bargoproj\.io\//,
  recognizes: (document) =>
    (stringAt(document, "apiVersion") ?? "").startsWith("argoproj.io/") &&
    ["Application", "ApplicationSet"].includes(stringAt(document, "kind") ?? ""),
  async read(document, file, findings, signal) {
    const spec = valueAt(document, "spec");
    const application = stringAt(document, "kind") === "Application" ? spec : valueAt(spec, "template", "spec");
    for (const source of [valueAt(application, "source"), ...itemsAt(application, "sources")]) {
      if (source?.type === "map") await readSource(source, file.path, findings, signal);
    }
  },
};

async function readSource(source: LocatedMap, path: string, findings: Findings, signal: AbortSignal): Promise<void> {
  readImages(source, findings);
  const repository = textAt(source, "repoURL") ?? "";
  const chart = textAt(source, "chart");
  const folder = textAt(source, "path");
  const isHere = folder === null ? null : findInRepository(path, folder);
  const values = await valuesOf(source, path, isHere, findings, signal);
  if (chart !== null) {
    const location: ChartLocation = {
      repository: /^[a-z+]+:\/\//i.test(repository) ? repository : `oci://${repository}`,
      name: chart,
      version: textAt(source, "targetRevision"),
      values,
    };
    if (/\{\{/.test(JSON.stringify([repository, chart, location.version]))) {
      findings.missing(source, `the chart ${chart} of ${repository}, a template`, { ...location, repository: "" });
    } else nameChart(source, location, findings);
  } else if (folder !== null && isHere === null) {
    findings.missing(
      source,
      `${folder} of ${repository}`,
      values.length === 0 ? null : { repository: "", name: "", version: null, values },
    );
  } else if (isHere !== null && values.length > 0 && isThere(join(isHere, "Chart.yaml"))) {
    nameChart(source, chartHere(isHere, values), findings);
  }
}

/** Parameters win over `valuesObject`, that over `values`, that over the files. */
async function valuesOf(
  source: LocatedMap,
  path: string,
  folder: string | null,
  findings: Findings,
  signal: AbortSignal,
): Promise<Located[]> {
  const helm = valueAt(source, "helm");
  const layers: Located[] = [];
  for (const file of stringsAt(helm, "valueFiles")) {
    // `$ref/path` is a file of another source's repository, which often is this one.
    const inRepository = file.text.startsWith("$") ? findInRepository(path, file.text.replace(/^\$[^/]*\//, "")) : null;
    const here = inRepository ?? (folder === null ? null : join(folder, file.text));
    const text = here === null ? null : (await readText(here, signal)).text;
    if (text !== null) layers.push(...readDocuments(text, linesOf(here ?? ""), findings).slice(0, 1));
    else findings.note(file, `its values in ${file.text} are not here`);
  }
  const text = valueAt(helm, "values");
  const inText = text?.type === "scalar" && text.text !== "" ? readValuesText(text, findings) : null;
  if (inText !== null) layers.push(inText);
  const object = valueAt(helm, "valuesObject");
  if (object !== null) layers.push(object);
  let values = mergeAll(layers);
  for (const parameter of itemsAt(helm, "parameters")) {
    const [name, value] = [textAt(parameter, "name"), valueAt(parameter, "value")];
    if (name === null || value?.type !== "scalar") continue;
    const isText = textAt(parameter, "forceString") === "true";
    values = setValue(values, name, isText ? scalarFor(value, value.text) : typedScalar(value, value.text));
  }
  return values === null ? [] : [values];
}

/** `kustomize.images`: `new:tag`, or `old=new:tag`. */
function readImages(source: LocatedMap, findings: Findings): void {
  for (const entry of stringsAt(valueAt(source, "kustomize"), "images")) {
    const image = entry.text.slice(entry.text.indexOf("=") + 1);
    if (!findings.image(entry, image, "field", "kustomize")) {
      findings.error(entry, `the image ${JSON.stringify(entry.text.slice(0, 200))} is not a valid reference`);
    }
  }
}
