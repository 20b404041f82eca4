import type { RegistrySettings } from "./container-client.ts";
import { UPSTREAMS } from "./published-images.ts";
import { describePulls } from "./pull-suite.ts";

describePulls({
  title: "a node that has larder as the mirror of the upstreams",
  hostsFile: (registry, family) => ({ "registry.example": [registry[family]] }),
  settings: (registry, family) => {
    const authority = family === "ipv4" ? `${registry.ipv4}:5000` : `[${registry.ipv6}]:5000`;
    // podman, skopeo and buildah take no IPv6 address in the name of a registry.
    const containers = mirrorAll(family === "ipv4" ? authority : "registry.example:5000");
    return { containers, daemons: mirrorAll(authority) };
  },
  // Docker has mirrors for docker.io alone.
  canPull: (client, image) => client !== "docker" || image.startsWith("docker.io/"),
});

function mirrorAll(authority: string): RegistrySettings {
  return { plainHttp: [], mirrors: Object.fromEntries(UPSTREAMS.map((upstream) => [upstream, authority])) };
}
