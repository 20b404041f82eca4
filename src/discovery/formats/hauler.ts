/** Hauler's manifests. Source: Hauler's documentation, content.hauler.cattle.io/v1, Images and Charts. */
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type LocatedMap, stringAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";

export const hauler: DocumentFormat = {
  tool: "Hauler",
  mark: /content\.hauler\.cattle\.io/,
  recognizes: (document) => (stringAt(document, "apiVersion") ?? "").startsWith("content.hauler.cattle.io/"),
  read(document, _file, findings) {
    const kind = stringAt(document, "kind");
    if (kind === "Images") readImages(document, findings);
    if (kind === "Charts") readCharts(document, findings);
  },
};

function readImages(document: LocatedMap, findings: Findings): void {
  const annotation = (name: string) => stringAt(document, "metadata", "annotations", name);
  const registry = annotation("hauler.dev/registry");
  for (const image of itemsAt(document, "spec", "images")) {
    const name = valueAt(image, "name");
    if (name?.type !== "scalar" || name.text === "") continue;
    const written = registry === null || hasRegistry(name.text) ? name.text : `${registry}/${name.text}`;
    const platform = stringAt(image, "platform") ?? annotation("hauler.dev/platform");
    if (!findings.image(name, written, "field", "list", platform)) {
      findings.error(name, `the image ${JSON.stringify(name.text.slice(0, 200))} is not a valid reference`);
    }
  }
}

function readCharts(document: LocatedMap, findings: Findings): void {
  for (const chart of itemsAt(document, "spec", "charts")) {
    const name = stringAt(chart, "name");
    const repository = stringAt(chart, "repoURL");
    if (name === null) continue;
    const version = stringAt(chart, "version");
    const location = repository === null ? null : { repository, name, version, values: [] };
    findings.missing(chart, `the chart ${name}${version === null ? "" : ` ${version}`} of ${repository}`, location);
  }
}

function hasRegistry(name: string): boolean {
  const first = name.split("/", 1)[0] ?? "";
  return name.includes("/") && (/[.:]/.test(first) || first === "localhost");
}
