/** The node's hosts file. Source: hosts(5). Go programs reread it within about five seconds. */
import type { ClientSettings } from "../client-settings.ts";
import { mergedFile, type NodeConfig, type NodeFile } from "../node-config.ts";
import { hostsLines, spoofingNotes } from "../upstream-names.ts";

/** The spoofed names as a block in /etc/hosts. */
export function hostsFile(settings: ClientSettings): NodeFile {
  return mergedFile("/etc/hosts", hostsLines(settings), { kind: "block", conflict: null });
}

/** `larder client hosts`: the names alone; runtimes need to be told of plain HTTP or of the CA by their own targets. */
export function writeHosts(settings: ClientSettings): NodeConfig {
  const runtime =
    settings.registry.scheme === "http"
      ? "Runtimes try HTTPS first: containerd, BuildKit, Podman and Docker need their own target, too (larder client containerd --mode spoof)."
      : "Runtimes have to trust the CA: larder client trust, or the runtime's own target.";
  return { files: [hostsFile(settings)], conditions: [], notes: [runtime, ...spoofingNotes(settings)] };
}
