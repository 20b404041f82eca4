/** What oc-mirror mirrors. Source: OpenShift's documentation of ImageSetConfiguration, v1 (v1alpha2) and v2 (v2alpha1). */
import { formatReference } from "../../oci/reference.ts";
import type { DocumentFile, DocumentFormat } from "../files/document-format.ts";
import { type Findings, tryReference } from "../found/found-image.ts";
import {
  itemsAt,
  type Located,
  type LocatedMap,
  type LocatedScalar,
  stringAt,
  textAt,
  valueAt,
} from "../found/located-value.ts";
import { entryOf, isBeside, listImage, missingChart } from "./listed-image.ts";

export const ocMirror: DocumentFormat = {
  tool: "oc-mirror",
  mark: /mirror\.openshift\.io\//,
  recognizes: (document) => (stringAt(document, "apiVersion") ?? "").startsWith("mirror.openshift.io/"),
  read(document, file, findings) {
    // What is to be deleted is never fetched.
    if (stringAt(document, "kind") !== "ImageSetConfiguration") return;
    const mirror = valueAt(document, "mirror");
    if (mirror?.type !== "map") return;
    const isBlocked = blockedBy(itemsAt(mirror, "blockedImages"));
    for (const image of itemsAt(mirror, "additionalImages")) {
      const name = entryOf(image, "name");
      if (name !== null && !isBlocked(name)) listImage(name, findings);
    }
    readOperators(mirror, findings);
    readPlatform(valueAt(mirror, "platform"), findings);
    readCharts(mirror, file, findings);
  },
};

/** Blocked images are names, whole references or, in v2, patterns. */
function blockedBy(blocked: readonly Located[]): (name: LocatedScalar) => boolean {
  const texts = blocked.flatMap((image) => entryOf(image, "name")?.text ?? []);
  const names = new Set(texts.map((text) => (isVersioned(text) ? fullName(text) : bareName(text))));
  return ({ text }) =>
    names.has(fullName(text)) || names.has(bareName(text)) || texts.some((pattern) => matches(pattern, text));
}

function isVersioned(text: string): boolean {
  return /[:@]/.test(text.slice(text.lastIndexOf("/") + 1));
}

function fullName(text: string): string {
  const reference = tryReference(text);
  return reference === null ? text : formatReference(reference);
}

function bareName(text: string): string {
  const reference = tryReference(text);
  return reference === null ? text : `${reference.namespace}/${reference.path}`;
}

/** A pattern's wildcards, `*` and `.*`, are followed; anything else that patterns can say is not. */
function matches(pattern: string, text: string): boolean {
  if (!pattern.includes("*") || /[[(+?|]/.test(pattern)) return false;
  const parts = pattern
    .replace(/^\^|\$$/g, "")
    .split(/\.?\*/)
    .map((part) => part.replaceAll("\\", ""));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const found = isLast ? text.length - part.length : text.indexOf(part, at);
    if (found < at || (index === 0 && found !== 0) || !text.startsWith(part, found)) return false;
    at = found + part.length;
  }
  return true;
}

function readOperators(mirror: LocatedMap, findings: Findings): void {
  for (const operator of itemsAt(mirror, "operators")) {
    const catalog = valueAt(operator, "catalog");
    if (catalog?.type !== "scalar" || catalog.text === "") continue;
    if (!catalog.text.includes("://")) listImage(catalog, findings);
    const packages = itemsAt(operator, "packages").flatMap((item) => stringAt(item, "name") ?? []);
    const which = packages.length === 0 ? "the operators" : `the operators ${packages.join(", ")}`;
    findings.missing(catalog, `${which} of the catalog ${catalog.text}`);
  }
}

function readPlatform(platform: Located | null, findings: Findings): void {
  listImage(valueAt(platform, "release"), findings);
  for (const channel of itemsAt(platform, "channels")) {
    const range = [textAt(channel, "minVersion"), textAt(channel, "maxVersion")].filter((version) => version !== null);
    const which = range.length === 0 ? "" : ` (${[...new Set(range)].join(" to ")})`;
    findings.missing(channel, `the release channel ${textAt(channel, "name") ?? ""}${which} of OpenShift`);
  }
}

function readCharts(mirror: LocatedMap, file: DocumentFile, findings: Findings): void {
  const helm = valueAt(mirror, "helm");
  for (const repository of itemsAt(helm, "repositories")) {
    const url = stringAt(repository, "url");
    for (const chart of url === null ? [] : itemsAt(repository, "charts")) {
      const name = stringAt(chart, "name");
      if (name !== null && url !== null)
        missingChart(chart, { repository: url, name, version: textAt(chart, "version") }, findings);
    }
  }
  for (const chart of itemsAt(helm, "local")) {
    const path = textAt(chart, "path") ?? "";
    if (!isBeside(file, path)) findings.missing(chart, `the chart ${path}`);
  }
}
