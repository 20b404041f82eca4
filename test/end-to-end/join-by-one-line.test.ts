import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { type BuiltImage, IMAGE_NEEDS } from "./image-factory.ts";
import {
  addFreshNode,
  JOINING_NEEDS,
  type NodeClients,
  pictureOfEtc,
  refreshTrust,
  runScript,
  startNodeClients,
} from "./joining-node.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NAMES, CLIENT_NEEDS, type ClientName } from "./node-clients.ts";
import { IMAGE_NAMES, type ImageName, publishImages, spoofedHosts } from "./published-images.ts";

const SETUP_TIMEOUT_MS = 120_000;
const PULL_TIMEOUT_MS = 90_000;

/** A way to join, on a larder of plain HTTP or of all standard ports. */
type Way = {
  readonly title: string;
  readonly serves: "http" | "standard ports";
  /** The part of `curl -fsS … | sh` that stands before the shell. */
  readonly curl: (registry: LabHost, target: string) => string;
  /** Without it, every client. */
  readonly clients?: readonly ClientName[];
  /** What Docker's classic image store of Debian 12 can take this way; everything but zstd unless said. */
  readonly dockerPulls: readonly ImageName[];
  /** Does a target put the authority into the node's trust store? */
  readonly changesTrust?: boolean;
};

const WAYS: readonly Way[] = [
  {
    title: "by plain HTTP",
    serves: "http",
    curl: ({ ipv4 }, target) => `http://${ipv4}:5000/client/${target}.sh`,
    dockerPulls: ["docker.io/library/app:1"],
  },
  {
    title: "by plain HTTP at an IPv6 address",
    serves: "http",
    curl: ({ ipv6 }, target) => `'http://[${ipv6}]:5000/client/${target}.sh'`,
    // podman, skopeo and buildah take no IPv6 address in the name of a registry.
    clients: ["ctr", "cri"],
    dockerPulls: [],
  },
  {
    title: "by spoofed names alone, over plain HTTP",
    serves: "http",
    curl: ({ ipv4 }, target) => `'http://${ipv4}/client/${target}.sh?mode=spoof'`,
    clients: ["skopeo", "cri", "docker"],
    // It insists on HTTPS for docker.io.
    dockerPulls: ["registry.k8s.io/library/app:1"],
  },
  {
    title: "by HTTPS",
    serves: "standard ports",
    curl: ({ ipv4 }, target) =>
      `--insecure https://${ipv4}/client/ca.crt -o larder.crt; curl -fsS --cacert larder.crt https://${ipv4}/client/${target}.sh`,
    dockerPulls: ["docker.io/library/app:1"],
  },
  {
    title: "by spoofed names alone, over HTTPS",
    serves: "standard ports",
    curl: ({ ipv4 }, target) => `'http://${ipv4}/client/${target}.sh?mode=spoof'`,
    dockerPulls: ["docker.io/library/app:1", "registry.k8s.io/library/app:1"],
    changesTrust: true,
  },
];

const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, ...JOINING_NEEDS, "skopeo"];

describe.skipIf(!requirement(...NEEDS).met)("a fresh node that joined by the one line of each runtime", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let larder: LabDaemon;
  let published: Map<ImageName, BuiltImage>;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    await registry.setHostsFile(spoofedHosts("127.0.0.1"));
    larder = await startLarder(registry);
    published = await publishImages(lab, registry);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  describe.each(["http", "standard ports"] as const)("with %s", (serves) => {
    beforeAll(async () => {
      if (serves === "http") return;
      await larder.stop();
      larder = await startLarder(registry, "--standard-ports");
    }, SETUP_TIMEOUT_MS);

    describe.each(WAYS.filter((way) => way.serves === serves))("$title", (way) => {
      const names = way.clients ?? CLIENT_NAMES;
      const targets = names.includes("docker") ? ["containerd", "containers", "docker"] : ["containerd"];
      let node: LabHost;
      let before: readonly string[];
      let running: NodeClients;

      beforeAll(async () => {
        node = await addFreshNode(lab, `node-${WAYS.indexOf(way)}`);
        if (way.changesTrust === true) await refreshTrust(node);
        before = await pictureOfEtc(node);
        for (const target of targets) await runScript(node, way.curl(registry, target));
        running = await startNodeClients(node);
      }, SETUP_TIMEOUT_MS);

      for (const name of names) {
        test.skipIf(!requirement(...CLIENT_NEEDS[name]).met)(
          `pulls with ${name}`,
          async () => {
            for (const image of name === "docker" ? way.dockerPulls : IMAGE_NAMES) {
              const { digest, configDigest } = published.get(image) as BuiltImage;
              expect(await running.clients.get(name)?.pull(image)).toEqual({ digest, configDigest });
            }
          },
          PULL_TIMEOUT_MS,
        );
      }

      test(
        "is as it was before, byte for byte, when joining is undone",
        async () => {
          await running.stop();
          expect(await pictureOfEtc(node)).not.toEqual(before);
          for (const target of targets.toReversed()) await runScript(node, way.curl(registry, target), "undo");
          // dockerd makes a key of its own when it starts.
          await node.exec(["rm", "-f", "/etc/docker/key.json"]);
          expect(await pictureOfEtc(node)).toEqual(before);
        },
        PULL_TIMEOUT_MS,
      );
    });
  });
});
