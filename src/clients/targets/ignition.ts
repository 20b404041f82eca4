/** Ignition, what Butane becomes. Source: coreos.github.io/ignition, "Configuration Specification v3.4.0". */
import type { ClientSettings } from "../client-settings.ts";
import { firstBoot, firstBootNotes, type IgnitionSystem } from "./first-boot.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";

/** `larder client ignition` and `ignition-fcos`. */
export function writeIgnition(settings: ClientSettings, system: IgnitionSystem): NodeConfig {
  const { files, dropIns } = firstBoot(settings, system);
  const config = {
    ignition: { version: "3.4.0" },
    storage: {
      files: files.map(({ path, mode, content }) => ({
        path,
        mode,
        overwrite: true,
        contents: { source: `data:,${encodeURIComponent(content)}` },
      })),
    },
    ...(dropIns.length === 0
      ? {}
      : {
          systemd: {
            units: dropIns.map(({ unit, name, content }) => ({
              name: unit,
              enabled: true,
              dropins: [{ name, contents: content }],
            })),
          },
        }),
  };
  return {
    files: [ownFile("larder.ign", `${JSON.stringify(config, null, 2)}\n`)],
    conditions: [],
    notes: [
      "To add it to a configuration of your own: name it under ignition.config.merge there.",
      ...firstBootNotes(system),
    ],
  };
}
