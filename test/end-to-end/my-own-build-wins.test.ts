import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { buildahOn } from "./buildah.ts";
import type { ContainerClient } from "./container-client.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabDaemon } from "./lab-daemon.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { podmanOn } from "./podman.ts";
import { expectPull, spoofedHosts, UPSTREAMS } from "./published-images.ts";
import { skopeoOn } from "./skopeo.ts";

const TEST_TIMEOUT_MS = 60_000;
const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo", "podman", "buildah"];

describe.skipIf(!requirement(...NEEDS).met)("my own build under an upstream's name", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let larder: LabDaemon;
  let node: ContainerClient;
  let images: string;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    await registry.setHostsFile(spoofedHosts("::1"));
    await writeContainersSettings(registry, { plainHttp: [...UPSTREAMS, "localhost:5000"], mirrors: {} });
    larder = await startLarder(registry);
    const nodeHost = await lab.addHost("node");
    await nodeHost.setHostsFile(spoofedHosts(registry.ipv4));
    await writeContainersSettings(nodeHost, { plainHttp: UPSTREAMS, mirrors: {} });
    node = podmanOn(nodeHost);
    images = await lab.makeFolder("images");
  }, TEST_TIMEOUT_MS);
  afterAll(() => lab.close());

  test(
    "is what the node gets, and what was there is still there by its digest",
    async () => {
      const image = "docker.io/library/web:1";
      const theirs = await publish(skopeoOn(registry), image, "theirs");
      await expectPull(node, image, theirs);
      const mine = await publish(skopeoOn(registry), image, "mine");
      await expectPull(node, image, mine);
      await node.forgetAll();
      await expectPull(node, `docker.io/library/web@${theirs.digest}`, theirs);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "may be pushed under larder's own address, for any registry that a manifest names",
    async () => {
      const mine = await publish(skopeoOn(registry), "localhost:5000/team/tool:2", "tool");
      await expectPull(node, "quay.io/team/tool:2", mine);
      await expectPull(node, "docker.io/team/tool:2", mine);
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "may be pushed by what built it",
    async () => {
      for (const client of [podmanOn(registry), buildahOn(registry)]) {
        const image = `docker.io/library/from-${client.name}:1`;
        const built = await publish(client, image, `built-with-${client.name}`);
        const files = [...built.files.keys()];
        const held = await node.pull(image);
        expect(held.configDigest).toBe(built.configDigest);
        expect(await node.digestsOfFiles(image, files)).toEqual([...built.files.values()]);
      }
    },
    TEST_TIMEOUT_MS,
  );

  test(
    "is still there when larder has been stopped and started again",
    async () => {
      const mine = await publish(skopeoOn(registry), "registry.k8s.io/kept:1", "kept");
      expect(await larder.stop()).toBe(0);
      larder = await startLarder(registry);
      await expectPull(node, "registry.k8s.io/kept:1", mine);
    },
    TEST_TIMEOUT_MS,
  );

  async function publish(client: ContainerClient, image: string, recipe: string): Promise<BuiltImage> {
    const built = await buildImage(images, { name: recipe });
    await client.load(built, image);
    await client.push(image);
    return built;
  }
});
