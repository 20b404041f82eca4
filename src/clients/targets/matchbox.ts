/**
 * matchbox: a group whose metadata names the registry, and a profile whose Butane template uses it. matchbox renders a
 * file that does not end in `.ign` as a Go template of the metadata, then as Butane.
 * Source: matchbox.psdn.io, "Groups", "Profiles" and "Container Linux Config", at 0.11.
 */
import { butane } from "./butane.ts";
import type { ClientSettings } from "../client-settings.ts";
import { DOCKER_DROP_IN, dropInOf } from "./docker-systemd.ts";
import { firstBoot } from "./first-boot.ts";
import { type NodeConfig, ownFile } from "../node-config.ts";
import { authorityOf } from "../registry-address.ts";

/** The flags of dockerd, as the metadata decide. */
const FLAGS = [
  '{{if eq .insecure_registry "true"}}',
  "--insecure-registry={{.docker_registry}} --registry-mirror=http://{{.docker_registry}}",
  "{{else}}",
  "--registry-mirror=https://{{.docker_registry}}",
  "{{end}}",
];

/** `larder client matchbox`. */
export function writeMatchbox(settings: ClientSettings): NodeConfig {
  const group = {
    id: "larder",
    name: "Machines that pull from larder",
    profile: "larder",
    selector: {},
    metadata: {
      docker_registry: authorityOf(settings.registry),
      insecure_registry: settings.registry.scheme === "http" ? "true" : "false",
    },
  };
  const profile = {
    id: "larder",
    name: "Flatcar that pulls from larder",
    ignition_id: "larder.yaml",
    boot: {
      kernel: "/assets/flatcar/current/flatcar_production_pxe.vmlinuz",
      initrd: ["/assets/flatcar/current/flatcar_production_pxe_image.cpio.gz"],
      args: [
        "initrd=flatcar_production_pxe_image.cpio.gz",
        // The variables are iPXE's; matchbox.example.com is the operator's.
        "ignition.config.url=http://matchbox.example.com:8080/ignition?uuid=${uuid}&mac=${mac:hexhyp}",
        "flatcar.first_boot=yes",
      ],
    },
  };
  return {
    files: [
      ownFile("groups/larder.json", `${JSON.stringify(group, null, 2)}\n`),
      ownFile("profiles/larder.json", `${JSON.stringify(profile, null, 2)}\n`),
      ownFile("ignition/larder.yaml", template(settings)),
    ],
    conditions: [],
    notes: [
      "The files belong below matchbox's data folder, /var/lib/matchbox.",
      "Groups of your own: add the two metadata, and the template's parts to their profile. An empty selector takes every machine.",
      "Put your matchbox's address and your assets into profiles/larder.json.",
    ],
  };
}

/** Flatcar's files, with dockerd's flags from the metadata. */
function template(settings: ClientSettings): string {
  const { files, dropIns } = firstBoot(settings, "flatcar");
  // Written with a word in their place first: the flags hold quotes, and a unit's quoting would escape them.
  const mark = "LARDER-FLAGS";
  const dropIn = { unit: "docker.service", name: DOCKER_DROP_IN, content: dropInOf(mark) };
  const others = dropIns.filter(({ unit }) => unit !== dropIn.unit);
  return butane({ files, dropIns: [dropIn, ...others] }, "flatcar").replace(mark, () => FLAGS.join(""));
}
