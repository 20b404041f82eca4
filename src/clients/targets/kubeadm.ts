/**
 * kubeadm: the control plane's images by larder's own name, for nodes whose runtime has no mirror of registry.k8s.io.
 *
 * With another imageRepository kubeadm asks for `coredns` in it, while upstream has `coredns/coredns`.
 * Source: kubernetes.io, "kubeadm Configuration (v1beta4)", at 1.34.
 */
import { isIPv6 } from "node:net";
import { ClientSettingsError } from "../client-settings-error.ts";
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { tomlString } from "../quote.ts";
import { authorityOf } from "../registry-address.ts";
import { writeYaml } from "./write-yaml.ts";

/** `larder client kubeadm`. */
export function writeKubeadm(settings: ClientSettings): NodeConfig {
  if (isIPv6(settings.registry.host)) {
    throw new ClientSettingsError(
      "kubeadm takes no IPv6 address in the name of an image: give larder a name, --registry http://NAME:PORT",
    );
  }
  const repository = `${authorityOf(settings.registry)}/registry.k8s.io`;
  const cluster = {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    imageRepository: repository,
    dns: { imageRepository: `${repository}/coredns` },
  };
  const pause = tomlString(`${repository}/pause:TAG`);
  return {
    files: [ownFile("kubeadm.yaml", writeYaml(cluster))],
    conditions: [],
    notes: [
      "Not needed where the runtime mirrors registry.k8s.io (larder client containerd, larder client crio): then leave imageRepository out.",
      "kubeadm init --config kubeadm.yaml; the runtime must know larder's address all the same: larder client containerd --script (every version of containerd needs config_path, which it sets) or crio.",
      `The pause image is the runtime's: in containerd 1.x [plugins."io.containerd.grpc.v1.cri"] sandbox_image = ${pause}, in 2.x [plugins."io.containerd.cri.v1.images".pinned_images] sandbox = ${pause}, in CRI-O [crio.image] pause_image = ${pause}; kubeadm config images list says which TAG.`,
    ],
  };
}
