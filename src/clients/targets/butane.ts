/** Butane, the form of Ignition that people write. Source: coreos.github.io/butane, flatcar 1.1.0 and fcos 1.5.0. */
import type { ClientSettings } from "../client-settings.ts";
import { type FirstBoot, firstBoot, firstBootNotes, type IgnitionSystem } from "./first-boot.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { writeYaml } from "./write-yaml.ts";

const VERSION: Readonly<Record<IgnitionSystem, string>> = { flatcar: "1.1.0", fcos: "1.5.0" };

/** `larder client butane` and `butane-fcos`. */
export function writeButane(settings: ClientSettings, system: IgnitionSystem): NodeConfig {
  return {
    files: [ownFile("larder.bu", butane(firstBoot(settings, system), system))],
    conditions: [],
    notes: [
      "Alone: butane --strict larder.bu > larder.ign. In a configuration of your own: add its storage and systemd parts.",
      ...firstBootNotes(system),
    ],
  };
}

/** The text. Both versions become Ignition 3.4.0. */
export function butane(machine: FirstBoot, system: IgnitionSystem): string {
  const files = machine.files.map(({ path, mode, content }) => ({
    path,
    mode,
    overwrite: true,
    contents: { inline: content },
  }));
  const units = machine.dropIns.map(({ unit, name, content }) => ({
    name: unit,
    enabled: true,
    dropins: [{ name, contents: content }],
  }));
  return writeYaml({
    variant: system,
    version: VERSION[system],
    ...(files.length === 0 ? {} : { storage: { files } }),
    ...(units.length === 0 ? {} : { systemd: { units } }),
  });
}
