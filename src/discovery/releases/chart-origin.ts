/** Where the charts lie that releases name. */
import { isThere } from "../files/reading.ts";
import { dirname, join, resolve } from "node:path";
import type { ChartLocation, Findings } from "../found/found-image.ts";
import type { Located } from "../found/located-value.ts";
import type { Place } from "../found/place.ts";

const PARENTS = 12;

/**
 * The file or folder `path` of the repository that holds `file`: in its folder or one above. Null when it is not here,
 * or is written so that it would leave the repository.
 */
export function findInRepository(file: string, path: string): string | null {
  const inside = path.replace(/^\.?\/+/, "");
  if (inside === "" || inside.split("/").includes("..")) return null;
  let folder = dirname(file);
  for (let up = 0; up < PARENTS; up++) {
    const candidate = join(folder, inside);
    if (isThere(candidate)) return candidate;
    if (isThere(join(folder, ".git")) || resolve(folder) === "/") return null;
    folder = join(folder, "..");
  }
  return null;
}

/** The chart in a folder that is here. */
export function chartHere(folder: string, values: readonly Located[]): ChartLocation {
  return { repository: `file:${folder}`, name: "", version: null, values };
}

/** A chart that one name tells where it lies, as `helm install` takes it: `oci://…`, the URL of an archive. Null for others. */
export function chartByUrl(chart: string, version: string | null, values: readonly Located[]): ChartLocation | null {
  if (/^https?:\/\//i.test(chart)) return { repository: chart, name: "", version: null, values };
  const parts = /^oci:\/\/(.+)\/([^/]+)$/i.exec(chart);
  if (parts?.[1] === undefined || parts[2] === undefined) return null;
  const [, tag, digest] = /^[^:@]+(?::([^:@]+))?(?:@(sha256:[0-9a-f]+))?$/.exec(parts[2]) ?? [];
  const name = parts[2].replace(/[:@].*$/, "");
  return { repository: `oci://${parts[1]}`, name, version: digest ?? tag ?? version, values };
}

/** Names a chart as one that is elsewhere. One that an OCI registry holds is an artifact to bring as well. */
export function nameChart(place: Place, chart: ChartLocation, findings: Findings): void {
  const { repository, name, version } = chart;
  const what =
    name === ""
      ? `the chart ${repository}`
      : `the chart ${name}${version === null ? "" : ` ${version}`} of ${repository}`;
  findings.missing(place, repository.startsWith("data:") ? "the chart within" : what, chart);
}

/** `HOST/PATH/NAME:VERSION` of a chart in an OCI registry whose version is exact; null for others. */
export function chartArtifact({ repository, name, version }: ChartLocation): string | null {
  if (!repository.startsWith("oci://") || version === null) return null;
  const base = `${repository.slice("oci://".length).replace(/\/+$/, "")}/${name}`;
  if (version.startsWith("sha256:")) return `${base}@${version}`;
  // Tags hold no plus sign: Helm writes `_` for it.
  return /^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(version) ? `${base}:${version.replaceAll("+", "_")}` : null;
}
