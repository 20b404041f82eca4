/** What real clients pull is what a recording tells: however each of them asks for it, by spoofed names and through mirrors. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { formatPlatform, hostPlatform } from "../../src/oci/platform.ts";
import { LARDER } from "../command-line/run-larder.ts";
import { requirement } from "../requirement.ts";
import type { ContainerClient } from "./container-client.ts";
import { type BuiltImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NAMES, CLIENT_NEEDS, type ClientName, type NodeSettings, startClients } from "./node-clients.ts";
import { IMAGE_NAMES, type ImageName, IMAGES, publishImages, spoofedHosts, UPSTREAMS } from "./published-images.ts";

const SETUP_TIMEOUT_MS = 120_000;
const PULL_TIMEOUT_MS = 120_000;

type Row = {
  readonly image: string;
  readonly digest: string;
  readonly platform: string | null;
  readonly platformDigest: string | null;
  readonly from: string | null;
};

type Node = {
  readonly address: string;
  readonly client: (name: ClientName) => ContainerClient;
  readonly installed: readonly ClientName[];
};

describe.skipIf(!requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo").met)("a recording of what clients pull", () => {
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

  const larder = (...argv: string[]) => registry.exec([LARDER, ...argv, "--registry", "127.0.0.1:5000"]);

  /** What was built of an image, for each of the platforms that are pulled, in short. */
  function rowsOf(image: ImageName, client: ClientName): readonly string[] {
    const built = published.get(image);
    if (built === undefined) throw new Error(`${image} was not published`);
    const recipe = IMAGES[image];
    // The tests have skopeo copy an index as a whole.
    const platforms = client === "skopeo" && "platforms" in recipe ? recipe.platforms : [hostPlatform()];
    return platforms.map((platform) => `${image}@${built.digest} # ${formatPlatform(platform)}`);
  }

  async function expectRecorded(name: string, client: ClientName, images: readonly ImageName[], node: Node) {
    // What a daemon has of one of its clients it does not pull for the other: it asks by HEAD alone.
    for (const other of node.installed) await node.client(other).forgetAll();
    await larder("record", "start", name, "--from", node.address);
    for (const image of images) await node.client(client).pull(image);
    await larder("record", "stop", name);
    const rows = JSON.parse(await larder("record", "show", name, "--json")) as readonly Row[];
    const wanted = images.flatMap((image) => rowsOf(image, client)).sort();
    expect(rows.map(({ image, digest, platform }) => `${image}@${digest} # ${platform}`).sort()).toEqual(wanted);
    expect(new Set(rows.map(({ from }) => from))).toEqual(new Set([node.address]));
    for (const { image, digest, platform, platformDigest } of rows) {
      const built = published.get(image as ImageName);
      if (platform !== formatPlatform(hostPlatform())) continue;
      expect(platformDigest ?? digest).toBe(built?.manifestDigest ?? "");
    }
    const lines = (await larder("record", "show", name, "--list")).trimEnd().split("\n");
    expect(lines.sort()).toEqual(wanted);
  }

  const ways: readonly (readonly [string, (authority: string) => NodeSettings, boolean])[] = [
    [
      "by spoofed names",
      () => ({
        containers: { plainHttp: UPSTREAMS, mirrors: {} },
        daemons: { plainHttp: [...UPSTREAMS, "registry-1.docker.io"], mirrors: {} },
      }),
      true,
    ],
    [
      "through mirrors",
      (authority) => {
        const mirrors = {
          plainHttp: [],
          mirrors: Object.fromEntries(UPSTREAMS.map((upstream) => [upstream, authority])),
        };
        return { containers: mirrors, daemons: mirrors };
      },
      false,
    ],
  ];

  describe.each(ways)("%s", (way, settings, isSpoofed) => {
    let node: Node;
    beforeAll(async () => {
      const host = await lab.addHost(isSpoofed ? "spoofed" : "mirrored");
      await host.setHostsFile(isSpoofed ? spoofedHosts(registry.ipv4) : {});
      const client = await startClients(host, settings(`${registry.ipv4}:5000`));
      const installed = CLIENT_NAMES.filter((name) => requirement(...CLIENT_NEEDS[name]).met);
      node = { address: host.ipv4, client, installed };
    }, SETUP_TIMEOUT_MS);

    for (const name of CLIENT_NAMES) {
      // Docker has mirrors for docker.io alone, and speaks TLS to a name that is spoofed.
      const images = name === "docker" ? IMAGE_NAMES.filter((one) => one.startsWith("docker.io/")) : IMAGE_NAMES;
      test.skipIf(!requirement(...CLIENT_NEEDS[name]).met || (name === "docker" && isSpoofed))(
        `with ${name}`,
        () => expectRecorded(`${name}-${way.split(" ")[0]}`, name, images, node),
        PULL_TIMEOUT_MS,
      );
    }
  });
});
