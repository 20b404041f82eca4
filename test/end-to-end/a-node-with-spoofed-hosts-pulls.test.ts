import { spoofedHosts, UPSTREAMS } from "./published-images.ts";
import { describePulls } from "./pull-suite.ts";

const settings = { plainHttp: UPSTREAMS, mirrors: {} };

describePulls({
  title: "a node whose hosts file sends the upstreams' names to larder",
  hostsFile: (registry, family) => spoofedHosts(registry[family]),
  settings: () => ({ containers: settings, daemons: settings }),
  // Docker insists on HTTPS for docker.io, and unpacks zstd from version 23 only.
  canPull: (client, image) => client !== "docker" || image.startsWith("registry.k8s.io/"),
});
