/** What the readers of other tools' documents share: an entry of a list, a chart that lies elsewhere, a file beside. */
import { isThere } from "../files/reading.ts";
import { dirname, resolve } from "node:path";
import type { DocumentFile } from "../files/document-format.ts";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import { isTemplated } from "../found/image-text.ts";
import { type Located, type LocatedScalar, textAt, textPlace, valueAt } from "../found/located-value.ts";
import type { Place } from "../found/place.ts";

/** Adds the image that an entry of a list names; what is there instead of one is named. */
export function listImage(entry: Located | null, findings: Findings, platform: string | null = null): void {
  if (entry?.type === "scalar" && entry.text.trim() !== "") listReference(entry, entry.text.trim(), findings, platform);
}

/** Adds the image that was put together as `written`, for `entry`. */
export function listReference(
  entry: LocatedScalar | Place,
  written: string,
  findings: Findings,
  platform: string | null = null,
): void {
  const place = "textLine" in entry ? textPlace(entry) : entry;
  const quoted = JSON.stringify(("textLine" in entry ? entry.text.trim() : written).slice(0, 200));
  if (isTemplated(written)) {
    findings.error(place, `the image ${quoted} holds a placeholder that cannot be resolved here`);
  } else if (!findings.image(place, written, "field", "list", platform)) {
    findings.error(place, `the image ${quoted} is not a valid reference`);
  }
}

/** Names a chart that is not among the files. One in an OCI registry is itself something to bring. */
export function missingChart(
  place: Place,
  chart: Omit<ChartLocation, "values"> & { readonly values?: readonly Located[] },
  findings: Findings,
): void {
  const { repository, name, version, values = [] } = chart;
  const path = repository.replace(/^oci:\/\//, "");
  if (path !== repository && version !== null && !isRange(version) && !isTemplated(path + name + version)) {
    // Tags have no `+`.
    findings.image(place, `${path.replace(/\/$/, "")}/${name}:${version.replaceAll("+", "_")}`, "field", "list");
  }
  const what = `the chart ${name}${version === null ? "" : ` ${version}`} of ${repository}`;
  findings.missing(place, what, { repository, name, version, values });
}

/** A chart whose address ends with its name, `oci://HOST/PATH/NAME`. */
export function chartByAddress(address: string, version: string | null) {
  const slash = address.replace(/\/+$/, "").lastIndexOf("/");
  return { repository: address.slice(0, slash), name: address.slice(slash + 1).replace(/\/+$/, ""), version };
}

/** Is a file that another one names there? Its path is taken from the folder of the file that names it. */
export function isBeside(file: DocumentFile, path: string): boolean {
  return isThere(resolve(dirname(file.path), path));
}

/** The text of a scalar or of a field of a map that names it: lists have both. */
export function entryOf(item: Located, ...keys: readonly string[]): LocatedScalar | null {
  if (item.type === "scalar") return item;
  for (const key of keys) {
    const value = valueAt(item, key);
    if (value?.type === "scalar" && textAt(item, key) !== null) return value;
  }
  return null;
}

/** Does a version leave open which one is meant? */
function isRange(version: string): boolean {
  return version === "" || /[<>=~^*|,\s]|(?:^|\.)x(?:\.|$)/i.test(version);
}
