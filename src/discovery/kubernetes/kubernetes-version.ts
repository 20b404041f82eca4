/** Kubernetes versions as people, kubectl, kubeadm and nodes write them. */
import { RELEASES } from "./kubernetes-release-table.ts";

/** A version, runtime or add-on that is not known. The message says what is. */
export class UnknownReleaseError extends Error {
  override readonly name = "UnknownReleaseError";
}

/** A version, read. */
export type KubernetesVersion = {
  readonly minor: number;
  readonly patch: number;
  /** The version of the images: `v1.31.2`, `v1.32.0-rc.1`. */
  readonly tag: string;
  /** What a distribution has added, as it was written (`+k3s1`, `-eks-a737599`); empty for a release of Kubernetes itself. */
  readonly distribution: string;
  /** Only a minor release was named, of which the newest known patch release was taken. */
  readonly isNewestPatch: boolean;
};

/** What commands print before a version: `Server Version: v1.31.2`, `GitVersion:"v1.31.2"`, `Kubernetes v1.31.2`. */
const PRINTED =
  /^(?:.*\b(?:git|server|client|kubelet|kubernetes)?_?version"?\s*[:=]\s*(?:[\w.]*Info\s*)?"?|kubernetes\s+)/is;
/** No command prints more, in characters. */
const OUTPUT_LIMIT = 10_000;
const VERSION = /^v?1\.(\d{1,3})(?:\.(\d{1,3})(-(?:alpha|beta|rc)\.\d{1,4}(?:\.\d+)?)?((?:[-+][\da-z][\w.+-]*)?))?$/i;

/**
 * Reads `v1.31.2`, `1.31` (the newest known patch release), `stable-1.31`, `v1.32.0-rc.1`, `v1.31.2+k3s1`, `v1.31.2-eks-a1b2`,
 * or a line of what `kubectl version`, `kubeadm version` and `kubelet --version` print. Throws `UnknownReleaseError`.
 */
export function parseKubernetesVersion(text: string): KubernetesVersion {
  const version = bareVersion(text);
  const parts = VERSION.exec(version.replace(/^(?:stable|latest)-(?=1\.\d+$)/, ""));
  if (parts === null) {
    throw new UnknownReleaseError(
      `${JSON.stringify(text.slice(0, 200))} is no Kubernetes version: write it as 1.31.2, or 1.31 for its newest patch release`,
    );
  }
  const [, minorText = "", patchText, preRelease = "", distribution = ""] = parts;
  const minor = Number(minorText);
  const oldest = RELEASES[0]?.minor ?? 0;
  if (minor < oldest) {
    throw new UnknownReleaseError(`Kubernetes ${version} is older than 1.${oldest}, the first release that is known`);
  }
  const newest = RELEASES.findLast((row) => row.minor === minor)?.patches[1];
  if (patchText === undefined && newest === undefined) {
    throw new UnknownReleaseError(
      `Kubernetes ${version} is newer than the table: write its patch release too, as 1.${minor}.0`,
    );
  }
  const patch = patchText === undefined ? (newest ?? 0) : Number(patchText);
  return {
    minor,
    patch,
    tag: `v1.${minor}.${patch}${preRelease}`,
    distribution,
    isNewestPatch: patchText === undefined,
  };
}

/** The version in what was written or printed; the server's where a client's stands beside it. */
function bareVersion(text: string): string {
  const trimmed = text.trim();
  if (trimmed.length > OUTPUT_LIMIT) return "";
  if (!/[\s:="]/.test(trimmed)) return trimmed;
  const lines = trimmed.split("\n");
  const line = lines.find((candidate) => /^\s*server version/i.test(candidate)) ?? lines[0] ?? "";
  const version = /gitVersion"?\s*:\s*"([^"]*)"/i.exec(trimmed)?.[1];
  if (version !== undefined) return version;
  const rest = line.trim().replace(PRINTED, "");
  return rest === line.trim() ? rest : rest.replace(/["\s].*$/s, "");
}
