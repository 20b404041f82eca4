import type { RegistrySettings } from "./container-client.ts";
import type { LabHost } from "./lab-host.ts";

/**
 * Tells podman, skopeo, buildah and CRI-O about registries: `registries.conf.d`, as a node's administrator would.
 * These clients send no `ns=`, so that a mirror's path has to say which upstream is meant.
 */
export async function writeContainersSettings(host: LabHost, settings: RegistrySettings): Promise<void> {
  const plain = settings.plainHttp.map((registry) => `[[registry]]\nlocation = "${registry}"\ninsecure = true\n`);
  const mirrored = Object.entries(settings.mirrors).map(
    ([upstream, mirror]) =>
      `[[registry]]\nlocation = "${upstream}"\n[[registry.mirror]]\nlocation = "${mirror}/${upstream}"\ninsecure = true\n`,
  );
  await host.writeFile("/etc/containers/registries.conf.d/50-larder.conf", [...plain, ...mirrored].join("\n"));
  // Without a policy these clients do nothing; Debian's accepts everything, and not every machine has it.
  await host.writeFile("/etc/containers/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}\n`);
}
