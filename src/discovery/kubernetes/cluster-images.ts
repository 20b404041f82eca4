/** The images that kubeadm pulls for a cluster. Source: kubeadm's GetControlPlaneImages, 1.20 to 1.37. */
import type { ReleaseRow } from "./kubernetes-release-table.ts";

/** What a ClusterConfiguration says of images; `{}` is kubeadm's own choice. */
export type ClusterSettings = {
  readonly imageRepository?: string | undefined;
  readonly dns?: { readonly imageRepository?: string | undefined; readonly imageTag?: string | undefined };
  readonly etcd?: { readonly imageRepository?: string | undefined; readonly imageTag?: string | undefined };
  /** Parts that the cluster does without, or has from elsewhere. */
  readonly without?: readonly ("kube-proxy" | "coredns" | "etcd")[];
};

const COMPONENTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"] as const;

/** The images in kubeadm's order. `tag` is the version as it stands in the configuration; what a tag cannot hold becomes `_`. */
export function clusterImages(row: ReleaseRow, tag: string, settings: ClusterSettings): string[] {
  const registry = settings.imageRepository ?? row.registry;
  const without = new Set<string>(settings.without);
  const components = COMPONENTS.filter((component) => !without.has(component));
  return [
    ...components.map((component) => `${registry}/${component}:${tag.replace(/[^-a-zA-Z0-9_.]/g, "_")}`),
    ...(without.has("coredns") ? [] : [coreDnsImage(row, settings)]),
    `${registry}/pause:${row.pause}`,
    ...(without.has("etcd") ? [] : [etcdImage(row, settings)]),
  ];
}

/** CoreDNS lies a level deeper in Kubernetes' own registry than in any other, from 1.21 on. */
function coreDnsImage(row: ReleaseRow, { imageRepository, dns = {} }: ClusterSettings): string {
  const registry = dns.imageRepository ?? imageRepository ?? row.registry;
  const [path = "", tag = ""] = row.coredns.split(":");
  return `${registry}/${registry === row.registry ? path : "coredns"}:${dns.imageTag ?? tag}`;
}

function etcdImage(row: ReleaseRow, { imageRepository, etcd = {} }: ClusterSettings): string {
  return `${etcd.imageRepository ?? imageRepository ?? row.registry}/etcd:${etcd.imageTag ?? row.etcd}`;
}
