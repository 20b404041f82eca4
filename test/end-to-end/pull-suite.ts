import { afterAll, beforeAll, describe, test } from "bun:test";
import { requirement } from "../requirement.ts";
import type { ContainerClient } from "./container-client.ts";
import { type BuiltImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NAMES, CLIENT_NEEDS, type ClientName, type NodeSettings, startClients } from "./node-clients.ts";
import { expectPull, IMAGE_NAMES, type ImageName, publishImages, spoofedHosts } from "./published-images.ts";

const SETUP_TIMEOUT_MS = 120_000;
const PULL_TIMEOUT_MS = 60_000;

export type AddressFamily = "ipv4" | "ipv6";

/** A way to send a node to larder. */
export type Way = {
  readonly title: string;
  /** The node's hosts file: names to addresses of one family alone. */
  hostsFile(registry: LabHost, family: AddressFamily): Record<string, string[]>;
  settings(registry: LabHost, family: AddressFamily): NodeSettings;
  /** False where a client of Debian 12 cannot go this way, whatever the registry does. */
  canPull(client: ClientName, image: ImageName): boolean;
};

/**
 * Defines the tests of a way: on a node for each address family, every client that this machine has pulls every image,
 * of which larder holds what skopeo pushed on larder's own host.
 */
export function describePulls(way: Way): void {
  describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo").met)(way.title, () => {
    let lab: NetworkLab;
    let registry: LabHost;
    let published: Map<ImageName, BuiltImage>;

    beforeAll(async () => {
      lab = await NetworkLab.create();
      registry = await lab.addHost("registry");
      await registry.setHostsFile(spoofedHosts("127.0.0.1"));
      await startLarder(registry);
      published = await publishImages(lab, registry);
    }, SETUP_TIMEOUT_MS);
    afterAll(() => lab.close());

    describe.each(["ipv4", "ipv6"] as const)("over %s", (family) => {
      let client: (name: ClientName) => ContainerClient;

      beforeAll(async () => {
        const node = await lab.addHost(`node-${family}`);
        await node.setHostsFile(way.hostsFile(registry, family));
        client = await startClients(node, way.settings(registry, family));
      }, SETUP_TIMEOUT_MS);

      for (const name of CLIENT_NAMES) {
        describe.skipIf(!requirement(...CLIENT_NEEDS[name]).met)(`with ${name}`, () => {
          test.each(IMAGE_NAMES.filter((image) => way.canPull(name, image)))(
            "pulls %s",
            (image) => expectPull(client(name), image, published.get(image)),
            PULL_TIMEOUT_MS,
          );
        });
      }
    });
  });
}
