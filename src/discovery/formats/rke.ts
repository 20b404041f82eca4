/** The cluster file of the Rancher Kubernetes Engine (RKE, the first). Source: RKE's documentation, system_images. */
import type { DocumentFormat } from "../files/document-format.ts";
import { type Located, stringAt, valueAt } from "../found/located-value.ts";
import { listImage } from "./listed-image.ts";

export const rke: DocumentFormat = {
  tool: "RKE",
  mark: /^["']?(?:rancher_)?(?:system_images|kubernetes_version)["']?\s*:/m,
  recognizes: (document) => !document.entries.has("kind") && (hasImages(document) || versionOf(document) !== null),
  read(document, _file, findings) {
    const images = valueAt(document, "system_images");
    if (images?.type === "map") for (const image of images.entries.values()) listImage(image, findings);
    const version = versionOf(document);
    if (!hasImages(document) && version !== null) {
      findings.missing(document, `RKE's own list for Kubernetes ${version} (rke config --system-images prints it)`);
    }
  },
};

function hasImages(document: Located): boolean {
  const images = valueAt(document, "system_images");
  return images?.type === "map" && images.entries.size > 0;
}

function versionOf(document: Located): string | null {
  const version = stringAt(document, "kubernetes_version") ?? "";
  return /^v\d+\.\d+\.\d+-rancher/.test(version) && valueAt(document, "nodes")?.type === "list" ? version : null;
}
