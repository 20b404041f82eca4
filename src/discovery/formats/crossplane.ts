/** Crossplane's packages. Source: Crossplane's API reference v1.20 and v2: pkg.crossplane.io, meta.pkg.crossplane.io. */
import type { DocumentFormat } from "../files/document-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import type { Findings } from "../found/found-image.ts";
import { namesRegistry } from "../found/image-text.ts";
import { itemsAt, type LocatedMap, type LocatedScalar, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { entryOf, listReference } from "./listed-image.ts";

/** Where Crossplane looks for packages without a registry, unless it is told otherwise; from v2 on they need one. */
const DEFAULT_REGISTRY = "xpkg.upbound.io";

export const crossplane: DocumentFormat = {
  tool: "Crossplane",
  mark: /\bpkg\.crossplane\.io\//,
  recognizes: (document) => /^(?:meta\.)?pkg\.crossplane\.io\//.test(stringAt(document, "apiVersion") ?? ""),
  read(document, _file, findings) {
    const name = valueAt(document, "spec", "package");
    if (name?.type === "scalar" && name.text !== "") listReference(name, full(name), findings);
    readDependencies(document, findings);
    scanManifest(document, { source: "kubernetes", guess: false, embedding: 0 }, findings);
  },
};

function readDependencies(document: LocatedMap, findings: Findings): void {
  for (const dependency of itemsAt(document, "spec", "dependsOn")) {
    const name = entryOf(dependency, "provider", "configuration", "function", "package");
    if (name === null) continue;
    const version = textAt(dependency, "version") ?? "";
    if (/^v?\d+\.\d+\.\d+[\w.-]*$/.test(version)) listReference(name, `${full(name)}:${version}`, findings);
    else findings.missing(name, `the package ${full(name)}${version === "" ? "" : ` ${version}`}`);
  }
}

function full(name: LocatedScalar): string {
  return namesRegistry(name.text) ? name.text : `${DEFAULT_REGISTRY}/${name.text}`;
}
