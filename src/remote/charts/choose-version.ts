/** Which version of a chart is meant. Source: Helm v3.18, "helm install --version": exact, a range, or the newest stable one. */
import { compareVersions, parseVersion, satisfies } from "../../lib/go-template/semantic-version.ts";

/** Is this one version and no range? `1.2` and `1.x` are ranges, as Helm has it for artifacts. */
export function isExactVersion(version: string): boolean {
  return /^v?\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(version);
}

/** May this be a range of versions? */
export function isVersionRange(version: string): boolean {
  return /^[\s\d.xX*<>=!~^|,v+-][\s\w.*<>=!~^|,+-]*$/.test(version) && /[\d*xX]/.test(version);
}

/**
 * The version that `wanted` means among `versions`: that very one if it is there, else the newest that is in the range,
 * else null. Without `wanted` the newest that is no pre-release.
 */
export function chooseVersion(versions: readonly string[], wanted: string | null): string | null {
  const range = wanted === null || wanted.trim() === "" ? "*" : wanted.trim();
  const exact = versions.find((version) => version === range);
  if (exact !== undefined) return exact;
  let newest: string | null = null;
  for (const version of versions) {
    const parsed = parseVersion(version);
    if (parsed === null || !satisfies(version, range)) continue;
    const known = newest === null ? null : parseVersion(newest);
    if (known === null || compareVersions(parsed, known) > 0) newest = version;
  }
  return newest;
}
