/**
 * kubeadm's configuration, and the control planes that Cluster API makes with it. Source: kubeadm.k8s.io v1beta2 to v1beta4;
 * Cluster API v1.11: KubeadmControlPlane, KubeadmConfig.
 */
import type { DocumentFormat } from "../files/document-format.ts";
import { scanManifest } from "../files/kubernetes-manifest.ts";
import { readDocuments } from "../files/yaml-documents.ts";
import type { Findings } from "../found/found-image.ts";
import { isTemplated } from "../found/image-text.ts";
import { type Located, type LocatedMap, stringAt, textAt, valueAt } from "../found/located-value.ts";
import { clusterImages, type ClusterSettings } from "../kubernetes/cluster-images.ts";
import { releaseRow } from "../kubernetes/kubernetes-images.ts";
import { parseKubernetesVersion, UnknownReleaseError } from "../kubernetes/kubernetes-version.ts";
import { listReference } from "./listed-image.ts";

const CONTEXT = { source: "kubernetes", guess: true, embedding: 0 } as const;
const KINDS = /^(?:Cluster|Init|Join|Upgrade|Reset)Configuration$/;

export const kubeadm: DocumentFormat = {
  tool: "kubeadm",
  mark: /kubeadm\.k8s\.io\//,
  recognizes: (document) =>
    KINDS.test(stringAt(document, "kind") ?? "") &&
    (stringAt(document, "apiVersion") ?? "").startsWith("kubeadm.k8s.io/"),
  read(document, _file, findings) {
    // Flags of the kubelet may name the sandbox image.
    if (stringAt(document, "kind") !== "ClusterConfiguration") scanManifest(document, CONTEXT, findings);
    else readCluster(document, valueAt(document, "kubernetesVersion"), findings);
  },
};

/** The ConfigMap in which kubeadm keeps a cluster's configuration. */
export const kubeadmConfigMap: DocumentFormat = {
  tool: "kubeadm",
  mark: /ClusterConfiguration/,
  recognizes: (document) =>
    stringAt(document, "kind") === "ConfigMap" && stringAt(document, "data", "ClusterConfiguration") !== null,
  read(document, _file, findings) {
    const kept = valueAt(document, "data", "ClusterConfiguration");
    if (kept?.type !== "scalar") return;
    const { file, line, textLine } = kept;
    // Only a `|` block keeps the file's lines.
    const origin = (at: number) => ({ file, line: textLine === line || textLine === null ? line : textLine + at - 1 });
    for (const cluster of readDocuments(kept.text, origin, findings)) {
      if (cluster.type === "map") readCluster(cluster, valueAt(cluster, "kubernetesVersion"), findings);
    }
  },
};

export const clusterApi: DocumentFormat = {
  tool: "Cluster API",
  mark: /controlplane\.cluster\.x-k8s\.io\//,
  recognizes: (document) =>
    stringAt(document, "kind") === "KubeadmControlPlane" && valueAt(document, "spec", "kubeadmConfigSpec") !== null,
  read(document, _file, findings) {
    const config = valueAt(document, "spec", "kubeadmConfigSpec");
    const cluster = valueAt(config, "clusterConfiguration");
    for (const [key, part] of config?.type === "map" ? config.entries : []) {
      if (key !== "clusterConfiguration") scanManifest(part, CONTEXT, findings);
    }
    readCluster(cluster?.type === "map" ? cluster : document, valueAt(document, "spec", "version"), findings);
  },
};

function readCluster(cluster: LocatedMap, version: Located | null, findings: Findings): void {
  const written = version?.type === "scalar" ? version.text.trim() : "";
  const place = written === "" ? cluster : (version ?? cluster);
  try {
    if (isTemplated(written) || /^(?:ci|https?)[/:]/.test(written)) throw new UnknownReleaseError("");
    const read = parseKubernetesVersion(written);
    const warnings: string[] = [];
    const tag = read.distribution === "" ? read.tag : written.replace(/^v?/, "v");
    const images = clusterImages(releaseRow(read, warnings), tag, settingsOf(cluster));
    if (read.isNewestPatch)
      warnings.push(`${written} may mean a newer release than ${read.tag}, the newest that is known`);
    for (const warning of warnings) findings.note(place, warning);
    for (const image of images) listReference(placeOf(image, cluster, place), image, findings);
  } catch (error) {
    if (!(error instanceof UnknownReleaseError)) throw error;
    const which =
      written === ""
        ? "names no Kubernetes version"
        : `names the Kubernetes version ${JSON.stringify(written)}, which only the internet can tell`;
    const reason =
      error.message === "" || written === "" || /^(?:stable|latest)(?:-1)?$/.test(written)
        ? `the configuration ${which}`
        : error.message;
    findings.error(place, `${reason}: the images that kubeadm pulls are not listed; write the version as v1.31.2`);
  }
}

function settingsOf(cluster: LocatedMap): ClusterSettings {
  const text = (...keys: string[]) => textOf(valueAt(cluster, ...keys));
  const isDisabled = (key: string) => textAt(valueAt(cluster, key), "disabled") === "true";
  return {
    imageRepository: text("imageRepository"),
    dns: { imageRepository: text("dns", "imageRepository"), imageTag: text("dns", "imageTag") },
    etcd: { imageRepository: text("etcd", "local", "imageRepository"), imageTag: text("etcd", "local", "imageTag") },
    without: [
      ...(isDisabled("proxy") ? (["kube-proxy"] as const) : []),
      ...(isDisabled("dns") ? (["coredns"] as const) : []),
      ...(valueAt(cluster, "etcd", "external")?.type === "map" ? (["etcd"] as const) : []),
    ],
  };
}

function textOf(value: Located | null): string | undefined {
  return value?.type === "scalar" && value.text !== "" ? value.text : undefined;
}

/** Where the file says most about an image. */
function placeOf(image: string, cluster: LocatedMap, version: Located): Located {
  if (/\/coredns:/.test(image)) return valueAt(cluster, "dns", "imageTag") ?? version;
  if (/\/etcd:/.test(image)) return valueAt(cluster, "etcd", "local", "imageTag") ?? version;
  return version;
}
