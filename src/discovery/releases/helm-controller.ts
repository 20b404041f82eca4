/** The charts that k3s and RKE2 install by themselves. Source: k3s' helm-controller, helm.cattle.io/v1 HelmChart and HelmChartConfig. */
import type { DeclaredResources } from "../found/declared-resources.ts";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import { type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { chartByUrl, nameChart } from "./chart-origin.ts";
import { mergeAll, setValue } from "./chart-values.ts";
import { readValuesText } from "./referred-values.ts";

export const helmController: DocumentFormat = {
  tool: "k3s",
  mark: /\bhelm\.cattle\.io\//,
  recognizes: (document) => (stringAt(document, "apiVersion") ?? "").startsWith("helm.cattle.io/"),
  read(document, _file, findings) {
    findings.declare(document);
    const kind = stringAt(document, "kind");
    if (kind === "HelmChart") findings.whenRead((declared, all) => readChart(document, declared, all));
    if (kind === "HelmChartConfig") findings.whenRead((declared, all) => readConfig(document, declared, all));
  },
};

function readChart(document: LocatedMap, declared: DeclaredResources, findings: Findings): void {
  const spec = valueAt(document, "spec");
  const job = valueAt(spec, "jobImage");
  if (job?.type === "scalar" && job.text !== "") findings.image(job, job.text, "field", "kubernetes");
  const config = declared.find("HelmChartConfig", stringAt(document, "metadata", "name") ?? "");
  const contents = [valueAt(spec, "valuesContent"), valueAt(config, "spec", "valuesContent")];
  let values = mergeAll(
    contents.flatMap((text) => (text?.type === "scalar" ? (readValuesText(text, findings) ?? []) : [])),
  );
  const set = valueAt(spec, "set");
  for (const [path, value] of set?.type === "map" ? set.entries : []) values = setValue(values, path, value);
  const location = locationOf(spec, values === null ? [] : [values]);
  if (location !== null)
    nameChart(valueAt(spec, "chartContent") ?? valueAt(spec, "chart") ?? document, location, findings);
}

function locationOf(spec: Located | null, values: readonly Located[]): ChartLocation | null {
  const content = textAt(spec, "chartContent");
  if (content !== null) {
    return { repository: `data:application/gzip;base64,${content.trim()}`, name: "", version: null, values };
  }
  const name = textAt(spec, "chart");
  if (name === null) return null;
  const version = textAt(spec, "version");
  const repository = textAt(spec, "repo") ?? "";
  return chartByUrl(name, version, values) ?? { repository, name, version, values };
}

/** The configuration of a chart that k3s brings along: its values are all that is here. */
function readConfig(document: LocatedMap, declared: DeclaredResources, findings: Findings): void {
  const name = stringAt(document, "metadata", "name") ?? "";
  if (declared.find("HelmChart", name) !== null) return;
  const text = valueAt(document, "spec", "valuesContent");
  const values = text?.type === "scalar" ? readValuesText(text, findings) : null;
  if (values === null) return;
  findings.missing(document, `the chart ${name} that the distribution brings along`, {
    repository: "",
    name,
    version: null,
    values: [values],
  });
}
