import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { type BuiltImage, IMAGE_NEEDS } from "./image-factory.ts";
import { addFreshNode, JOINING_NEEDS } from "./joining-node.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { IMAGE_NAMES, type ImageName, publishImages, spoofedHosts } from "./published-images.ts";
import { skopeoOn } from "./skopeo.ts";

const TIMEOUT_MS = 60_000;
const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, ...JOINING_NEEDS, "skopeo"];

describe.skipIf(!requirement(...NEEDS).met)("the tar of xcluster's overlay", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let published: Map<ImageName, BuiltImage>;

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    await registry.setHostsFile(spoofedHosts("127.0.0.1"));
    await startLarder(registry);
    published = await publishImages(lab, registry);
  }, TIMEOUT_MS);
  afterAll(() => lab.close());

  test(
    "unpacked on a node, and started as its init does, has the node pull by spoofed names",
    async () => {
      const node = await addFreshNode(lab, "node");
      await node.exec(["sh", "-c", `set -e; curl -fsS http://${registry.ipv4}/client/xcluster.tar | tar -xC /`]);
      // For the nodes of xcluster the registry is behind the machine that they run on; here that is a direct way.
      await node.exec(["sh", "/etc/init.d/28private-reg.rc"]);
      await node.exec(["sh", "/etc/init.d/28private-reg.rc"]);
      const hosts = await node.readFile("/etc/hosts");
      expect(hosts.match(/ quay\.io$/gm)).toHaveLength(1);
      const skopeo = skopeoOn(node);
      for (const image of IMAGE_NAMES) {
        const { digest, configDigest } = published.get(image) as BuiltImage;
        expect(await skopeo.pull(image)).toEqual({ digest, configDigest });
        const own = image.replace(/^[^/]+/, `example.com/${image.split("/")[0]}`);
        expect((await skopeo.pull(own)).digest).toBe(digest);
      }
    },
    TIMEOUT_MS,
  );
});
