/** k0s' configuration, by itself or within k0sctl's. Source: k0s' configuration reference, v1.31, spec.images and spec.extensions.helm. */
import type { DocumentFormat } from "../files/document-format.ts";
import type { Findings } from "../found/found-image.ts";
import { joinImageParts } from "../found/image-parts.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { chartByAddress, listReference, missingChart } from "./listed-image.ts";

export const k0s: DocumentFormat = {
  tool: "k0s, k0sctl",
  mark: /k0s(?:ctl)?\.k0sproject\.io\//,
  recognizes: (document) => /^k0s(?:ctl)?\.k0sproject\.io\//.test(stringAt(document, "apiVersion") ?? ""),
  read(document, _file, findings) {
    const inner = valueAt(document, "spec", "k0s", "config");
    const spec = valueAt(inner ?? document, "spec");
    const images = valueAt(spec, "images");
    if (images?.type === "map") readImages(images, stringAt(images, "repository"), findings);
    readCharts(valueAt(spec, "extensions", "helm"), findings);
    const isCluster = inner !== null || /^Cluster(?:Config)?$/.test(stringAt(document, "kind") ?? "");
    if (isCluster) {
      findings.note(
        document,
        "k0s brings images of its own where the file names none: k0s airgap list-images prints them",
      );
    }
  },
};

/** Images by component; those of a network provider lie a level deeper. `repository` is in the place of all their registries. */
function readImages(images: LocatedMap, repository: string | null, findings: Findings, isNested = false): void {
  for (const image of images.entries.values()) {
    if (image.type !== "map") continue;
    const [joined] = joinImageParts(image.entries, "image");
    if (joined === undefined && !isNested) readImages(image, repository, findings, true);
    if (joined === undefined) continue;
    listReference(joined.place, repository === null ? joined.written : moved(joined.written, repository), findings);
  }
}

function moved(written: string, repository: string): string {
  const slash = written.indexOf("/");
  const hasHost = slash > 0 && /[.:]/.test(written.slice(0, slash));
  return `${repository.replace(/\/$/, "")}/${hasHost ? written.slice(slash + 1) : written}`;
}

function readCharts(helm: Located | null, findings: Findings): void {
  const addresses = new Map(
    itemsAt(helm, "repositories").map((item) => [stringAt(item, "name"), stringAt(item, "url")] as const),
  );
  for (const chart of itemsAt(helm, "charts")) {
    const path = stringAt(chart, "chartname");
    if (path === null) continue;
    const version = textAt(chart, "version");
    const [alias = "", ...rest] = path.split("/");
    const repository = addresses.get(alias);
    const text = valueAt(chart, "values");
    const values = text?.type === "map" ? [text] : [];
    if (path.startsWith("oci://")) missingChart(chart, { ...chartByAddress(path, version), values }, findings);
    else if (repository != null) missingChart(chart, { repository, name: rest.join("/"), version, values }, findings);
    else findings.missing(chart, `the chart ${path}${version === null ? "" : ` ${version}`}`);
  }
}
