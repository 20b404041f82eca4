/**
 * What a machine that provisions itself with Ignition is given at its first boot, before anybody else wrote to it:
 * whole files, nothing to merge with.
 */
import type { ClientSettings } from "../client-settings.ts";
import { CONTAINERD_CERTS, containerdCerts } from "./containerd.ts";
import { containersFiles } from "./containers.ts";
import { daemonJson, dockerCerts } from "./docker.ts";
import { DOCKER_DROP_IN, dockerDropIn } from "./docker-systemd.ts";
import { hostsLines } from "../upstream-names.ts";

/** The systems that read Ignition; their containers run on Docker and containerd, or on Podman and Docker. */
export type IgnitionSystem = "flatcar" | "fcos";

const CONTAINERD_CONFIG = "/etc/containerd/config.toml";

/**
 * Flatcar's own settings, as in its /usr/share/containerd/config.toml, which nobody can change, and config_path. Version
 * 2 is read by every containerd from 1.3 on. Source: Flatcar, "Customizing Docker: use a custom containerd configuration".
 */
const FLATCAR_CONTAINERD = `version = 2
imports = ["/etc/containerd/conf.d/*.toml"]
oom_score = -999

[plugins."io.containerd.grpc.v1.cri"]
  enable_selinux = true

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = "${CONTAINERD_CERTS}"
`;

/** Its service names the file in /usr. */
const CONTAINERD_DROP_IN: FirstBootDropIn = {
  unit: "containerd.service",
  name: "40-larder.conf",
  content: `[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config ${CONTAINERD_CONFIG}\n`,
};

type FirstBootFile = { readonly path: string; readonly mode: number; readonly content: string };
type FirstBootDropIn = { readonly unit: string; readonly name: string; readonly content: string };

/** What a machine is given before it starts for the first time. */
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
      ...(system === "flatcar" ? [{ path: CONTAINERD_CONFIG, mode: 0o644, content: FLATCAR_CONTAINERD }] : []),
      ...(keys === null ? [] : [{ path: "/etc/docker/daemon.json", mode: 0o644, content: keys }]),
      ...(settings.mode === "spoof" ? [hostsOf(settings)] : []),
      ...(settings.ca === null ? [] : [{ path: trustPath(system), mode: 0o644, content: settings.ca }]),
    ],
    dropIns: [
      ...(dropIn === null ? [] : [{ unit: "docker.service", name: DOCKER_DROP_IN, content: dropIn }]),
      ...(system === "flatcar" ? [CONTAINERD_DROP_IN] : []),
    ],
  };
}

/** What a person should know, in words. */
export function firstBootNotes(system: IgnitionSystem): readonly string[] {
  return system === "flatcar"
    ? [
        `containerd is given ${CONTAINERD_CONFIG} in the place of Flatcar's own, with Flatcar's settings and config_path. One that your configuration writes needs config_path = "${CONTAINERD_CERTS}" in it.`,
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
