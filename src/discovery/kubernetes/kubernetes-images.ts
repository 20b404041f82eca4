/** The images that a Kubernetes release needs, without asking anyone. Source: `kubeadm config images list`, 1.20 to 1.37. */
import { parseReference, type Reference } from "../../oci/reference.ts";
import { clusterImages } from "./cluster-images.ts";
import { ADD_ONS } from "./kubernetes-add-ons.ts";
import { RELEASES, type ReleaseRow } from "./kubernetes-release-table.ts";
import { type KubernetesVersion, parseKubernetesVersion, UnknownReleaseError } from "./kubernetes-version.ts";
import { KNOWN_RUNTIMES, sandboxImage } from "./runtime-sandbox.ts";

/** What is wanted beside the control plane. */
export type KubernetesOptions = {
  /** `containerd@2.4`: its own sandbox image comes along. `none`: none does, and that is meant. */
  readonly runtime?: string;
  /** Add-ons by name, `@version` behind if not the newest: `flannel`, `flannel@0.27.4`. */
  readonly with?: readonly string[];
  /** Where kubeadm is told to pull from instead of registry.k8s.io. CoreDNS lies flat there, from 1.21 on. */
  readonly imageRepository?: string;
};

/** The images, each once, in kubeadm's order, and what to know about them. */
export type KubernetesImages = { readonly images: readonly Reference[]; readonly warnings: readonly string[] };

/** Said instead of a runtime: its sandbox image is not wanted. */
const NO_RUNTIME = "none";

/**
 * The images of a release: `1.31.2`, with or without `v`; `1.31` stands for its newest patch release.
 *
 * A release newer than the table is answered with the newest row and a warning. Throws `UnknownReleaseError`.
 */
export function kubernetesImages(version: string, options: KubernetesOptions = {}): KubernetesImages {
  const warnings: string[] = [];
  const { imageRepository } = options;
  const read = parseKubernetesVersion(version);
  if (read.distribution !== "") {
    warnings.push(
      `${version.trim()} is a distribution's version: these are the images of Kubernetes ${read.tag} itself; k3s, RKE2 and their like bring images of their own, listed with their releases`,
    );
  }
  const written = [
    ...clusterImages(releaseRow(read, warnings), read.tag, { imageRepository }),
    ...(options.with ?? []).flatMap(addOnImages),
    ...(options.runtime === undefined || options.runtime === NO_RUNTIME ? [] : [runtimeImage(options.runtime)]),
  ];
  return { images: [...new Set(written)].map((image) => parseReference(image)), warnings };
}

/** The version as kubeadm takes it: `v1.31.2`, `v1.32.0-rc.1`. Throws `UnknownReleaseError`. */
export function kubernetesVersion(version: string): string {
  return parseKubernetesVersion(version).tag;
}

/** The table's row of a release; of one that is newer than the table the newest row, and a warning. */
export function releaseRow({ minor, patch, tag }: KubernetesVersion, warnings: string[]): ReleaseRow {
  const exact = RELEASES.find((row) => row.minor === minor && patch >= row.patches[0] && patch <= row.patches[1]);
  if (exact !== undefined) return exact;
  const nearest = RELEASES.findLast((row) => row.minor <= minor);
  if (nearest === undefined) throw new UnknownReleaseError(`Kubernetes ${tag} is not known`);
  warnings.push(
    `Kubernetes ${tag.slice(1)} is newer than the table: the versions of pause, etcd and CoreDNS are a guess, those of 1.${nearest.minor}.${nearest.patches[1]}; its kubeadm, when it is on the PATH, knows better`,
  );
  return nearest;
}

function addOnImages(wanted: string): readonly string[] {
  const [name = "", version] = wanted.split("@");
  const releases = ADD_ONS.get(name);
  if (releases === undefined) {
    throw new UnknownReleaseError(
      `there is no add-on ${JSON.stringify(wanted)}: known are ${[...ADD_ONS.keys()].join(", ")}`,
    );
  }
  const release =
    version === undefined ? releases[0] : releases.find((known) => known.version === version.replace(/^v/, ""));
  if (release === undefined) {
    const known = releases.map((candidate) => candidate.version).join(", ");
    throw new UnknownReleaseError(
      `${name} is not known at version ${version}, only at ${known}: give its manifest to the images command instead`,
    );
  }
  return release.images;
}

function runtimeImage(runtime: string): string {
  const image = sandboxImage(runtime);
  if (image !== null) return image;
  throw new UnknownReleaseError(
    `the runtime ${JSON.stringify(runtime)} is not known: known are ${KNOWN_RUNTIMES}, and none; on a node, larder doctor names the image`,
  );
}
