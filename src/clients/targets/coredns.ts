/** CoreDNS: a snippet for a server block. Source: coredns.io, plugins "hosts" and "import", at 1.12. */
import type { ClientSettings } from "../client-settings.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { hostsLines, spoofingNotes } from "../upstream-names.ts";

/** `larder client coredns`. The hosts plugin answers the other address family of its names empty, so nothing leaks. */
export function writeCoredns(settings: ClientSettings): NodeConfig {
  const entries = hostsLines(settings).replace(/^/gm, "        ").trimEnd();
  const snippet = `(larder) {\n    hosts {\n${entries}\n        fallthrough\n    }\n}\n`;
  return {
    files: [ownFile("/etc/coredns/larder.conf", snippet, { action: "reload", services: ["coredns"] })],
    conditions: [],
    notes: [
      "At the top of the Corefile: import /etc/coredns/larder.conf; in the server block, before forward: import larder.",
      "A cluster's own CoreDNS does not serve its nodes' pulls: the nodes' resolver has to be this one.",
      ...spoofingNotes(settings),
    ],
  };
}
