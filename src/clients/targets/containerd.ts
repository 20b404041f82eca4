/**
 * containerd 1.5 and later, through CRI, nerdctl and `ctr --hosts-dir`. Changes in certs.d need no restart.
 *
 * config.toml says where certs.d is: in version 2 (containerd 1.x, read by 2.x, too) under the plugin
 * `io.containerd.grpc.v1.cri`, in version 3 (2.x) under `io.containerd.cri.v1.images`. It has to, in every version, and
 * with one folder: from 2.2 on nothing stands for a list of two, and CRI's pulls (by the transfer service since 2.1)
 * take a list for one path and read no hosts.toml.
 */
import type { ClientSettings } from "../client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import { hostsTomlFiles, hostsTomlNotes, ownHostsTomlFile } from "./hosts-toml.ts";
import { mergedFile, type NodeConfig, type NodeFile, ownFile } from "../node-config.ts";
import { spoofingNotes } from "../upstream-names.ts";

/** Where larder has containerd look for hosts.toml files. */
export const CONTAINERD_CERTS = "/etc/containerd/certs.d";

/** The whole config.toml of a containerd that has none yet: version 2, which every version from 1.3 on reads. */
const WHOLE_CONFIG = `version = 2\n\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = "${CONTAINERD_CERTS}"\n`;

/** Everything below certs.d. */
export function containerdCerts(settings: ClientSettings): readonly NodeFile[] {
  const caPath = settings.ca === null ? null : `${CONTAINERD_CERTS}/larder.crt`;
  return [
    ...(caPath === null || settings.ca === null ? [] : [ownFile(caPath, settings.ca)]),
    ...hostsTomlFiles(settings, CONTAINERD_CERTS, caPath),
    ...(settings.mode === "spoof" ? [] : [ownHostsTomlFile(settings, CONTAINERD_CERTS, caPath)]),
  ];
}

/** `larder client containerd`. */
export function writeContainerd(settings: ClientSettings): NodeConfig {
  const config = mergedFile(
    "/etc/containerd/config.toml",
    WHOLE_CONFIG,
    { kind: "containerd" },
    { action: "restart", services: ["containerd"] },
  );
  const spoofing = settings.mode === "spoof";
  return {
    files: [config, ...containerdCerts(settings), ...(spoofing ? [hostsFile(settings)] : [])],
    conditions: [],
    notes: [
      "ctr reads the files only with --hosts-dir /etc/containerd/certs.d.",
      ...hostsTomlNotes(settings),
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}
