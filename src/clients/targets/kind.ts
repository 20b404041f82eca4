/**
 * kind's cluster configuration with certs.d mounted into the nodes, and the ConfigMap by which tools learn of the
 * registry (KEP-1755). Source: kind.sigs.k8s.io, "Local Registry" and "Configuration", kind.x-k8s.io/v1alpha4 (0.30).
 */
import { parseDocument } from "yaml";
import type { ClientSettings } from "../client-settings.ts";
import { CONTAINERD_CERTS, containerdCerts } from "./containerd.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { authorityOf } from "../registry-address.ts";
import { writeYaml } from "./write-yaml.ts";

/** Node images before kind 0.27 do not look into certs.d by themselves. */
const OLD_NODE_IMAGES = ` With node images older than kind 0.27 add:
 containerdConfigPatches:
   - |-
     [plugins."io.containerd.grpc.v1.cri".registry]
       config_path = "${CONTAINERD_CERTS}"`;

/** `larder client kind`. */
export function writeKind(settings: ClientSettings): NodeConfig {
  const authority = authorityOf(settings.registry);
  const cluster = {
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    nodes: [
      {
        role: "control-plane",
        extraMounts: [{ hostPath: "certs.d", containerPath: CONTAINERD_CERTS, readOnly: true }],
      },
    ],
  };
  const hosting = {
    host: authority,
    hostFromContainerRuntime: authority,
    hostFromClusterNetwork: authority,
    help: "larder client kind",
  };
  const configMap = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "local-registry-hosting", namespace: "kube-public" },
    data: { "localRegistryHosting.v1": writeYaml(hosting) },
  };
  return {
    files: [
      ownFile("kind.yaml", withComment(writeYaml(cluster), OLD_NODE_IMAGES)),
      ownFile("local-registry-hosting.yaml", writeYaml(configMap)),
      ...containerdCerts(settings).map((file) => ({ ...file, path: file.path.replace("/etc/containerd/", "") })),
    ],
    conditions: [],
    notes: [
      "In the folder of these files: kind create cluster --config kind.yaml && kubectl apply -f local-registry-hosting.yaml",
      "Every further node in kind.yaml needs the same extraMounts.",
    ],
  };
}

function withComment(yaml: string, comment: string): string {
  const document = parseDocument(yaml);
  document.commentBefore = comment;
  return document.toString({ lineWidth: 0 });
}
