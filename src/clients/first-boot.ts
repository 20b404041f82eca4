/**
 * What a machine that provisions itself with Ignition is given at its first boot, before anybody else wrote to it:
 * whole files, nothing to merge with.
 */
import type { ClientSettings } from "./client-settings.ts";
import { containerdCerts } from "./containerd.ts";
import { containersFiles } from "./containers.ts";
import { daemonJson, dockerCerts } from "./docker.ts";
import { DOCKER_DROP_IN, dockerDropIn } from "./docker-systemd.ts";
import { hostsLines } from "./upstream-names.ts";

/** The systems that read Ignition; their containers run on Docker and containerd, or on Podman and Docker. */
export type IgnitionSystem = "flatcar" | "fcos";

type FirstBootFile = { readonly path: string; readonly mode: number; readonly content: string };
type FirstBootDropIn = { readonly unit: string; readonly name: string; readonly content: string };

export type FirstBoot = {
  readonly files: readonly FirstBootFile[];
  readonly dropIns: readonly FirstBootDropIn[];
};

/** The files and drop-ins of one system. Flatcar's docker.service passes `$DOCKER_OPTS`, Fedora's has daemon.json free. */
export function firstBoot(settings: ClientSettings, system: IgnitionSystem): FirstBoot {
  const dropIn = system === "flatcar" ? dockerDropIn(settings) : null;
  const keys = system === "fcos" ? daemonJson(settings) : null;
  const runtime = system === "flatcar" ? containerdCerts(settings) : containersFiles(settings);
  const files = [...runtime, ...dockerCerts(settings)].map(({ path, mode, content }) => ({ path, mode, content }));
  return {
    files: [
      ...files,
      ...(keys === null ? [] : [{ path: "/etc/docker/daemon.json", mode: 0o644, content: keys }]),
      ...(settings.mode === "spoof" ? [hostsOf(settings)] : []),
      ...(settings.ca === null ? [] : [{ path: trustPath(system), mode: 0o644, content: settings.ca }]),
    ],
    dropIns: dropIn === null ? [] : [{ unit: "docker.service", name: DOCKER_DROP_IN, content: dropIn }],
  };
}

/** What to add by hand, in words. */
export function firstBootNotes(system: IgnitionSystem): readonly string[] {
  return system === "flatcar"
    ? [
        "Kubernetes on a containerd before 2.2 needs config_path in its configuration, too: larder client containerd prints it.",
      ]
    : [];
}

function hostsOf(settings: ClientSettings): FirstBootFile {
  const content = `127.0.0.1 localhost\n::1 localhost\n${hostsLines(settings)}`;
  return { path: "/etc/hosts", mode: 0o644, content };
}

/** Where the system takes certificates to trust; both refresh their bundle at the first boot. */
function trustPath(system: IgnitionSystem): string {
  return system === "flatcar" ? "/etc/ssl/certs/larder.pem" : "/etc/pki/ca-trust/source/anchors/larder.crt";
}
