/**
 * Zarf's packages, `zarf.yaml`. Source: Zarf's schemas v1alpha1 and v1beta1: ZarfPackageConfig, ZarfInitConfig.
 */
import type { DocumentFile, DocumentFormat } from "../files/document-format.ts";
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, stringAt, stringsAt, textAt, valueAt } from "../found/located-value.ts";
import { chartByAddress, entryOf, isBeside, listImage, missingChart } from "./listed-image.ts";

export const zarf: DocumentFormat = {
  tool: "Zarf",
  mark: /kind["']?\s*:\s*["']?Zarf(?:Package|Init)Config/,
  recognizes: (document) => /^Zarf(?:Package|Init)Config$/.test(stringAt(document, "kind") ?? ""),
  read(document, file, findings) {
    for (const component of itemsAt(document, "components")) readComponent(component, file, findings);
  },
};

function readComponent(component: Located, file: DocumentFile, findings: Findings): void {
  if (component.type !== "map") return;
  // A component may be for one architecture; flavors and distributions are the packager's choice, so all are listed.
  const architecture = stringAt(component, "only", "cluster", "architecture");
  const platform = architecture === null ? null : `linux/${architecture}`;
  for (const image of itemsAt(component, "images")) listImage(entryOf(image, "name", "image"), findings, platform);
  for (const chart of itemsAt(component, "charts")) readChart(chart, file, findings);
  for (const manifests of itemsAt(component, "manifests")) readManifests(manifests, file, findings);
  readImport(valueAt(component, "import"), file, findings);
}

function readChart(chart: Located, file: DocumentFile, findings: Findings): void {
  if (chart.type !== "map") return;
  const path = stringAt(chart, "localPath") ?? stringAt(chart, "local", "path");
  if (path !== null) return nameAbsent(valueAt(chart, "localPath") ?? chart, "the chart", path, file, findings);
  const source = ["helmRepository", "oci", "git"]
    .map((key) => valueAt(chart, key))
    .find((value) => value?.type === "map");
  const url = stringAt(chart, "url") ?? stringAt(source ?? null, "url");
  const version = textAt(chart, "version") ?? textAt(source ?? null, "version");
  const name = stringAt(chart, "repoName") ?? stringAt(source ?? null, "name") ?? stringAt(chart, "name") ?? "";
  if (url === null) return;
  const gitPath = stringAt(chart, "gitPath") ?? stringAt(chart, "git", "path");
  if (url.startsWith("oci://")) missingChart(chart, chartByAddress(url, version), findings);
  else if (gitPath !== null || /\.git(?:@|$)/.test(url) || valueAt(chart, "git") !== null) {
    findings.missing(chart, `the chart ${gitPath ?? name}${version === null ? "" : ` ${version}`} of ${url}`);
  } else missingChart(chart, { repository: url, name, version }, findings);
}

function readManifests(manifests: Located, file: DocumentFile, findings: Findings): void {
  if (manifests.type !== "map") return;
  for (const path of stringsAt(manifests, "files")) nameAbsent(path, "the manifest", path.text, file, findings);
  for (const path of stringsAt(manifests, "kustomizations")) {
    nameAbsent(path, "the kustomization", path.text, file, findings);
  }
}

function readImport(source: Located | null, file: DocumentFile, findings: Findings): void {
  if (source?.type !== "map") return;
  const url = stringAt(source, "url");
  const path = stringAt(source, "path");
  if (url !== null) findings.missing(source, `the component that is imported from ${url}`);
  else if (path !== null) nameAbsent(source, "the component that is imported from", path, file, findings);
}

function nameAbsent(place: Located, what: string, path: string, file: DocumentFile, findings: Findings): void {
  if (isRemote(path) || !isBeside(file, path)) findings.missing(place, `${what} ${path}`);
  // In a folder it is read where it lies.
  else if (file.askedFor)
    findings.missing(place, `${what} ${path}, which lies beside the file: name their folder to have it read;`);
}

function isRemote(path: string): boolean {
  return /^(?:https?|oci|git|ssh):\/\//.test(path);
}
