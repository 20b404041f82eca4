/**
 * BuildKit's daemon, alone or behind `docker buildx create --driver docker-container`.
 *
 * A mirror's own section says how to speak to it; the upstream's section does not reach it, and `insecure` would try
 * TLS first. Source: moby/buildkit 0.23, docs/buildkitd.toml.md.
 */
import type { ClientSettings } from "../client-settings.ts";
import { hostsFile } from "./hosts-file.ts";
import { mergedFile, type NodeConfig, ownFile, type ServiceAction } from "../node-config.ts";
import { tomlString, tomlStrings } from "../quote.ts";
import { authorityOf } from "../registry-address.ts";
import { spoofedStandIns, spoofingNotes } from "../upstream-names.ts";

const CONFIG = "/etc/buildkit/buildkitd.toml";
const CA = "/etc/buildkit/larder-ca.crt";
const RESTART: ServiceAction = { action: "restart", services: ["buildkit"] };
/** A table or a key of `registry`: TOML would refuse a second one. */
const OWN_REGISTRIES = "^[ \t]*(\\[ *)?[\"']?registry[\"']? *(\\.|=|\\])";

/** `larder client buildkit`. */
export function writeBuildkit(settings: ClientSettings): NodeConfig {
  const transport = settings.registry.scheme === "http" ? "http = true" : `ca = ${tomlStrings([CA])}`;
  const speaks = settings.registry.scheme === "http" || settings.ca !== null ? [transport] : [];
  const spoofing = settings.mode === "spoof";
  const authority = authorityOf(settings.registry);
  const tables = spoofing
    ? spoofedStandIns(settings).map((standIn) => registryTable(standIn, speaks))
    : [
        ...settings.standIns
          .filter((standIn) => standIn !== authority)
          .map((standIn) => registryTable(standIn, [`mirrors = ${tomlStrings([authority])}`])),
        registryTable(authority, speaks),
      ];
  return {
    files: [
      mergedFile(CONFIG, tables.join(""), { kind: "block", conflict: OWN_REGISTRIES }, RESTART),
      ...(settings.ca === null ? [] : [ownFile(CA, settings.ca, RESTART)]),
      ...(spoofing ? [hostsFile(settings)] : []),
    ],
    conditions: [],
    notes: [
      `For buildx: docker buildx create --driver docker-container --buildkitd-config ${CONFIG}; that driver ignores daemon.json.`,
      ...(settings.catchAll
        ? ["BuildKit has no mirror for all registries: only the stand-in hosts are sent to larder."]
        : []),
      ...(settings.fallback || spoofing
        ? []
        : ["BuildKit goes to the upstream when no mirror answers; that cannot be turned off."]),
      ...(spoofing ? spoofingNotes(settings) : []),
    ],
  };
}

function registryTable(name: string, lines: readonly string[]): string {
  return `[registry.${tomlString(name)}]\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
