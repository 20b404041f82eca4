import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { writeContainersSettings } from "../end-to-end/containers-settings.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { pathWithSystemFolders } from "../end-to-end/run-command.ts";

/**
 * Prepares a host for podman that runs containers, and a program `docker` there that is podman. Its limits are low, since a
 * machine may not let root raise them; runc is what works with every kind of control groups.
 */
export async function writePodmanSettings(host: LabHost, plainHttp: readonly string[]): Promise<void> {
  await writeContainersSettings(host, { plainHttp, mirrors: {} });
  await host.writeFile(
    "/etc/containers/containers.conf",
    `[containers]
default_ulimits = ["nofile=8192:8192", "nproc=4096:4096"]
log_driver = "k8s-file"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
  );
  const state = `--root ${join(host.folder, "podman")} --runroot /run/podman-root --tmpdir /run/podman --storage-driver vfs`;
  const program = join(host.folder, "bin", "docker");
  await host.writeFile(program, `#!/bin/sh\nexec podman ${state} "$@"\n`);
  await chmod(program, 0o755);
}

/** Runs lines of a shell on such a host; the first that fails ends them, and is thrown. */
export function runDocker(host: LabHost, lines: string): Promise<string> {
  return host.exec(["sh", "-ec", lines], {
    environment: { PATH: `${join(host.folder, "bin")}:${pathWithSystemFolders()}` },
    timeoutMs: 240_000,
  });
}
