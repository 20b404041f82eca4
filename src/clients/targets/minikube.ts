/**
 * minikube copies ~/.minikube/files into each node, and trusts ~/.minikube/certs.
 * Source: minikube.sigs.k8s.io, "File Sync" and "Untrusted Root Certificate", at 1.36.
 */
import type { ClientSettings } from "../client-settings.ts";
import { containerdCerts } from "./containerd.ts";
import { containersFiles } from "./containers.ts";
import { dockerCerts, dockerMirrors, insecureRegistries } from "./docker.ts";
import { type NodeConfig, type NodeFile, ownFile } from "../node-config.ts";

/** `larder client minikube`. */
export function writeMinikube(settings: ClientSettings): NodeConfig {
  const inNode: readonly NodeFile[] = [
    ...containerdCerts(settings),
    ...containersFiles(settings),
    ...dockerCerts(settings),
  ];
  const flags = [
    ...(settings.ca === null ? [] : ["--embed-certs"]),
    ...insecureRegistries(settings).map((registry) => `--insecure-registry=${registry}`),
    ...dockerMirrors(settings).map((mirror) => `--registry-mirror=${mirror}`),
  ];
  return {
    files: [
      ...inNode.map((file) => ({ ...file, path: `.minikube/files${file.path}`, after: null })),
      ...(settings.ca === null ? [] : [ownFile(".minikube/certs/larder.pem", settings.ca)]),
    ],
    conditions: [],
    notes: [
      "The files are meant for your home folder, before minikube creates the cluster.",
      `With --container-runtime=docker, which mirrors docker.io alone: minikube start ${flags.join(" ")}`.trimEnd(),
      `With --container-runtime=containerd or cri-o: minikube start ${settings.ca === null ? "" : "--embed-certs "}--container-runtime=containerd`,
    ],
  };
}
