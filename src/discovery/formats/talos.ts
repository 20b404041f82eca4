/** Talos' machine configuration. Source: Talos' configuration reference v1alpha1, v1.11. */
import type { DocumentFormat } from "../files/document-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import type { Findings } from "../found/found-image.ts";
import { type Located, type LocatedMap, stringsAt, textAt, valueAt } from "../found/located-value.ts";

/** Parts of the cluster that may be turned off, image and all. */
const SWITCHED = ["proxy", "coreDNS"];

export const talos: DocumentFormat = {
  tool: "Talos",
  mark: /^["']?(?:machine|cluster)["']?\s*:/m,
  recognizes: (document) =>
    textAt(document, "version") === "v1alpha1" &&
    ["machine", "cluster"].some((key) => valueAt(document, key)?.type === "map"),
  read(document, _file, findings) {
    const cluster = valueAt(document, "cluster");
    const parts = [valueAt(document, "machine"), cluster?.type === "map" ? withoutDisabled(cluster) : null];
    for (const part of parts) {
      if (part !== null) scanManifest(part, { source: "kubernetes", guess: false, embedding: 0 }, findings);
    }
    readRemote(cluster, findings);
  },
};

function withoutDisabled(cluster: LocatedMap): LocatedMap {
  const isOff = (name: string, part: Located) => SWITCHED.includes(name) && textAt(part, "disabled") === "true";
  return { ...cluster, entries: new Map([...cluster.entries].filter(([name, part]) => !isOff(name, part))) };
}

/** Manifests that Talos fetches when a cluster begins. */
function readRemote(cluster: Located | null, findings: Findings): void {
  const network = valueAt(cluster, "network", "cni");
  for (const url of [...stringsAt(cluster, "extraManifests"), ...stringsAt(network, "urls")]) {
    findings.missing(url, `the manifest ${url.text}`);
  }
}
