/**
 * Hauler's manifests. Source: Hauler's documentation, content.hauler.cattle.io/v1: Images, Charts, ImageTxts;
 * collection.hauler.cattle.io/v1: ThickCharts, ImageTxts.
 */
import type { DocumentFile, DocumentFormat } from "../files/document-format.ts";
import type { Findings } from "../found/found-image.ts";
import { namesRegistry } from "../found/image-text.ts";
import { itemsAt, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { chartByAddress, entryOf, isBeside, listImage, listReference, missingChart } from "./listed-image.ts";

export const hauler: DocumentFormat = {
  tool: "Hauler",
  mark: /(?:content|collection)\.hauler\.cattle\.io/,
  recognizes: (document) =>
    /^(?:content|collection)\.hauler\.cattle\.io\//.test(stringAt(document, "apiVersion") ?? ""),
  read(document, file, findings) {
    const kind = stringAt(document, "kind");
    if (kind === "Images") readImages(document, findings);
    if (kind === "Charts" || kind === "ThickCharts") readCharts(document, file, findings);
    if (kind === "ImageTxts") readTexts(document, file, findings);
  },
};

function readImages(document: LocatedMap, findings: Findings): void {
  const annotation = (name: string) => stringAt(document, "metadata", "annotations", name);
  const registry = annotation("hauler.dev/registry");
  for (const image of itemsAt(document, "spec", "images")) {
    const name = entryOf(image, "name", "reference");
    if (name === null) continue;
    const written =
      registry === null || namesRegistry(name.text) ? name.text.trim() : `${registry}/${name.text.trim()}`;
    listReference(name, written, findings, stringAt(image, "platform") ?? annotation("hauler.dev/platform"));
  }
}

function readCharts(document: LocatedMap, file: DocumentFile, findings: Findings): void {
  for (const chart of itemsAt(document, "spec", "charts")) {
    const name = stringAt(chart, "name");
    if (name === null) continue;
    const version = textAt(chart, "version");
    const repository = stringAt(chart, "repoURL");
    const isFolder = repository !== null && !repository.includes("://");
    if (isFolder && isBeside(file, `${repository}/${name}`)) continue;
    if (repository !== null && !isFolder) missingChart(chart, { repository, name, version }, findings);
    else if (name.includes("://")) missingChart(chart, chartByAddress(name, version), findings);
    else if (isFolder) findings.missing(chart, `the chart ${repository}/${name}`);
    else if (!isBeside(file, name)) findings.missing(chart, `the chart ${name}`);
    for (const image of itemsAt(chart, "extraImages")) listImage(entryOf(image, "reference", "name"), findings);
  }
}

/** Lists of images, one a line, that lie at an address or beside the manifest. */
function readTexts(document: LocatedMap, file: DocumentFile, findings: Findings): void {
  for (const text of itemsAt(document, "spec", "imageTxts")) {
    const reference = valueAt(text, "ref");
    if (reference?.type !== "scalar" || reference.text === "" || isBeside(file, reference.text)) continue;
    findings.missing(reference, `the list of images ${reference.text}`);
  }
}
