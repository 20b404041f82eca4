/**
 * Flux: releases of charts, sources, kustomizations.
 *
 * Source: Flux's API reference, v2.5: helm.toolkit.fluxcd.io/v2, source.toolkit.fluxcd.io/v1, kustomize.toolkit.fluxcd.io/v1.
 */
import { join } from "node:path";
import type { DeclaredResources } from "../found/declared-resources.ts";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import { itemsAt, type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import type { DocumentFormat } from "../files/document-format.ts";
import { overrideImage, toImageOverride } from "../kustomize/override-images.ts";
import { chartByUrl, chartHere, findInRepository, nameChart } from "./chart-origin.ts";
import { setValue } from "./chart-values.ts";
import { referredValues } from "./referred-values.ts";

export const flux: DocumentFormat = {
  tool: "Flux",
  mark: /\b(?:helm|source|kustomize)\.toolkit\.fluxcd\.io\//,
  recognizes: (document) =>
    /^(?:helm|source|kustomize)\.toolkit\.fluxcd\.io\//.test(stringAt(document, "apiVersion") ?? ""),
  read(document, file, findings) {
    findings.declare(document);
    const kind = stringAt(document, "kind");
    if (kind === "OCIRepository") readArtifact(document, findings);
    if (kind === "HelmRelease") findings.whenRead((declared, all) => readRelease(document, file.path, declared, all));
    if (kind === "Kustomization")
      findings.whenRead((declared, all) => readKustomization(document, file.path, declared, all));
  },
};

/** The artifact that Flux pulls. `ref`: digest before semver before tag, else `latest`. */
function readArtifact(document: LocatedMap, findings: Findings): void {
  const url = (stringAt(document, "spec", "url") ?? "").replace(/^oci:\/\//, "");
  const reference = valueAt(document, "spec", "ref");
  const place = valueAt(document, "spec", "url") ?? document;
  const range = textAt(reference, "semver");
  const digest = textAt(reference, "digest");
  if (url === "") return;
  if (digest === null && range !== null) return findings.missing(place, `the newest tag of ${url} in ${range}`);
  const version = digest === null ? `:${textAt(reference, "tag") ?? "latest"}` : `@${digest}`;
  if (!findings.image(place, url + version, "field", "kubernetes")) {
    findings.error(place, `the artifact ${JSON.stringify(url + version)} is not a valid reference`);
  }
}

function readRelease(document: LocatedMap, path: string, declared: DeclaredResources, findings: Findings): void {
  const spec = valueAt(document, "spec");
  const own = valueAt(spec, "values");
  let values: Located | null = null;
  const layers: Located[] = [];
  for (const layer of referredValues(itemsAt(spec, "valuesFrom"), document, declared, findings)) {
    if (layer.targetPath === null) layers.push(layer.values);
    else values = setValue(values, layer.targetPath, layer.values);
  }
  if (values !== null) layers.push(values);
  if (own !== null) layers.push(own);
  for (const renderer of itemsAt(spec, "postRenderers")) readImages(itemsAt(renderer, "kustomize", "images"), findings);
  const chart = chartOf(document, path, layers, declared);
  const place = valueAt(spec, "chart") ?? valueAt(spec, "chartRef") ?? document;
  if (chart !== null) return nameChart(place, chart, findings);
  const name = textAt(valueAt(spec, "chart", "spec"), "chart") ?? textAt(valueAt(spec, "chartRef"), "name");
  const source = valueAt(spec, "chart", "spec", "sourceRef") ?? valueAt(spec, "chartRef");
  const of = `the ${textAt(source, "kind") ?? "source"} ${textAt(source, "name")}`;
  const unknown: ChartLocation = { repository: "", name: name ?? "", version: null, values: layers };
  const version = textAt(valueAt(spec, "chart", "spec"), "version");
  const shown = version === null ? name : `${name} ${version}`;
  findings.missing(place, `the chart ${shown} of ${of}`, unknown);
}

/** Where a release's chart lies; null when its source is not among the files, or is no place for charts. */
function chartOf(
  document: LocatedMap,
  path: string,
  values: readonly Located[],
  declared: DeclaredResources,
): ChartLocation | null {
  const namespace = stringAt(document, "metadata", "namespace");
  const find = (reference: Located | null) => {
    const [kind, name] = [textAt(reference, "kind"), textAt(reference, "name")];
    return kind === null || name === null
      ? null
      : declared.find(kind, name, textAt(reference, "namespace") ?? namespace);
  };
  const reference = valueAt(document, "spec", "chartRef");
  const referred = find(reference);
  if (referred !== null && textAt(reference, "kind") === "OCIRepository") {
    const ref = valueAt(referred, "spec", "ref");
    const version = textAt(ref, "digest") ?? textAt(ref, "semver") ?? textAt(ref, "tag") ?? "latest";
    return chartByUrl(stringAt(referred, "spec", "url") ?? "", version, values);
  }
  const template = valueAt(referred, "spec") ?? valueAt(document, "spec", "chart", "spec");
  const name = textAt(template, "chart");
  if (name === null) return null;
  const sourceReference = valueAt(template, "sourceRef");
  const source = find(sourceReference);
  if (textAt(sourceReference, "kind") !== "HelmRepository") {
    const folder = findInRepository(path, name);
    return folder === null ? null : chartHere(folder, values);
  }
  const url = stringAt(source, "spec", "url");
  return url === null ? null : { repository: url, name, version: textAt(template, "version"), values };
}

/** What a kustomization of Flux's applies: from this repository it is read anyway, from another it is named. */
function readKustomization(document: LocatedMap, path: string, declared: DeclaredResources, findings: Findings): void {
  const spec = valueAt(document, "spec");
  readImages(itemsAt(spec, "images"), findings);
  const reference = valueAt(spec, "sourceRef");
  const [kind, name] = [textAt(reference, "kind"), textAt(reference, "name")];
  const folder = textAt(spec, "path") ?? "./";
  // Flux calls the repository that it was set up with so.
  const isOwn = name === "flux-system" && kind === "GitRepository";
  if (isOwn || kind === null || name === null) return;
  // An artifact that is made of this repository is mostly called after the folder that it is made of.
  const candidates = kind === "ExternalArtifact" ? [folder, join(name, folder)] : [folder];
  if (candidates.some((candidate) => findInRepository(path, candidate) !== null)) return;
  const source = declared.find(
    kind,
    name,
    textAt(reference, "namespace") ?? stringAt(document, "metadata", "namespace"),
  );
  const url = stringAt(source, "spec", "url");
  findings.missing(reference ?? document, `${folder} of ${url ?? `the ${kind} ${name}`}`);
}

/** `images:` as Kustomize has it. */
function readImages(entries: readonly Located[], findings: Findings): void {
  for (const entry of entries) {
    const override = toImageOverride(entry);
    if (override === null || (override.newTag ?? override.digest) === null) continue;
    findings.image(entry, overrideImage(override.name, override) ?? "", "field", "kustomize");
  }
}
