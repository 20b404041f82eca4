/**
 * A machine of a guide: what a reader writes to it stays in the lab.
 *
 *     /usr/local          the machine's, and what the guide installs
 *     /var/lib, /var/log, /srv, /mnt, /opt    empty, in memory
 *     the rest            as `LabHost` has it
 */
import { writeContainerdConfiguration } from "../end-to-end/containerd.ts";
import { writeDockerConfiguration } from "../end-to-end/docker.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { NetworkLab } from "../end-to-end/network-lab.ts";

const OWN_FOLDERS = `
set -e
for folder in /var/lib /var/log /srv /mnt /opt; do
  mount -t tmpfs -o mode=755 larder-lab "$folder"
done
mkdir /run/local
mount -t tmpfs -o mode=755 larder-lab /run/local
mkdir /run/local/upper /run/local/work
mount -t overlay -o lowerdir=/usr/local,upperdir=/run/local/upper,workdir=/run/local/work larder-lab /usr/local
rm -rf /etc/containerd /etc/docker /etc/containers/registries.conf.d /etc/larder
`;

/** Adds a machine on which nothing of larder is, and whose container runtimes are as their packages leave them. */
export async function addGuideHost(network: NetworkLab, name: string): Promise<LabHost> {
  const host = await network.addHost(name);
  await host.exec(["sh", "-c", OWN_FOLDERS]);
  await host.writeFile("/etc/containers/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}\n`);
  await host.writeFile("/etc/crictl.yaml", "runtime-endpoint: unix:///run/containerd/containerd.sock\n");
  await writeContainerdConfiguration(host, null);
  await writeDockerConfiguration(host, {});
  return host;
}
