/**
 * Carvel's files. Sources: imgpkg's ImagesLock and BundleLock, kbld's Config, vendir's Config, kapp-controller's `fetch`
 * sections (imgpkg.carvel.dev, kbld.k14s.io, vendir.k14s.io, kappctrl.k14s.io, data.packaging.carvel.dev).
 */
import type { DocumentFormat } from "../files/document-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import type { Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { listImage, missingChart } from "./listed-image.ts";

const GROUP =
  /^(?:imgpkg\.carvel\.dev|kbld\.(?:k14s\.io|carvel\.dev)|vendir\.k14s\.io|(?:internal\.)?kappctrl\.k14s\.io|(?:data\.)?packaging\.carvel\.dev)\//;

export const carvel: DocumentFormat = {
  tool: "Carvel (imgpkg, kbld, vendir, kapp-controller)",
  mark: /(?:\.carvel\.dev|\.k14s\.io)\//,
  recognizes: (document) => GROUP.test(stringAt(document, "apiVersion") ?? ""),
  read(document, _file, findings) {
    const group = stringAt(document, "apiVersion") ?? "";
    const kind = stringAt(document, "kind");
    // The annotations of a lock tell where its images came from.
    if (kind === "ImagesLock")
      for (const image of itemsAt(document, "images")) listImage(valueAt(image, "image"), findings);
    else if (kind === "BundleLock") listImage(valueAt(valueAt(document, "bundle"), "image"), findings);
    else if (group.startsWith("kbld.")) readOverrides(document, findings);
    else if (group.startsWith("vendir.")) {
      for (const folder of itemsAt(document, "directories")) {
        for (const content of itemsAt(folder, "contents")) readFetch(content, findings);
      }
    } else {
      scanManifest(document, { source: "kubernetes", guess: false, embedding: 0 }, findings);
      for (const spec of [valueAt(document, "spec"), valueAt(document, "spec", "template", "spec")]) {
        const fetch = valueAt(spec, "fetch");
        for (const item of fetch?.type === "list" ? fetch.items : [fetch]) readFetch(item, findings);
      }
    }
  },
};

/** What kbld puts in the place of an image; what it builds and where it pushes that are no sources. */
function readOverrides(document: LocatedMap, findings: Findings): void {
  for (const override of itemsAt(document, "overrides")) listImage(valueAt(override, "newImage"), findings);
}

function readFetch(content: Located | null, findings: Findings): void {
  listImage(valueAt(content, "imgpkgBundle", "image"), findings);
  listImage(valueAt(content, "image", "url"), findings);
  const chart = valueAt(content, "helmChart");
  const name = stringAt(chart, "name");
  const repository = stringAt(chart, "repository", "url");
  if (chart !== null && name !== null && repository !== null) {
    missingChart(chart, { repository, name, version: textAt(chart, "version") }, findings);
  }
  const remote = stringAt(content, "git", "url") ?? stringAt(content, "http", "url");
  if (content !== null && remote !== null) findings.missing(content, `what is fetched from ${remote}`);
}
