import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requirement } from "../requirement.ts";
import { type BuiltImage, IMAGE_NEEDS } from "./image-factory.ts";
import { addFreshNode, JOINING_NEEDS, runScript, startNodeClients } from "./joining-node.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { IMAGE_NAMES, type ImageName, publishImages, spoofedHosts } from "./published-images.ts";

const SETUP_TIMEOUT_MS = 120_000;
const TEST_TIMEOUT_MS = 60_000;
const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, ...JOINING_NEEDS, "skopeo", "podman", "ctr", "dig", "dnsmasq"];

describe.skipIf(!requirement(...NEEDS).met)("a node that asks larder for names", () => {
  let lab: NetworkLab;
  let registry: LabHost;
  let node: LabHost;
  let published: Map<ImageName, BuiltImage>;
  const dig = async (...argv: string[]) => (await node.exec(["dig", "+tries=1", "+short", ...argv])).trim();

  beforeAll(async () => {
    lab = await NetworkLab.create();
    registry = await lab.addHost("registry");
    const elsewhere = await lab.addHost("elsewhere");
    const zone = ["--address=/else.example/198.51.100.7", "--local=/nothing.example/"];
    const options = ["--keep-in-foreground", "--no-resolv", "--no-hosts", "--user=root", "--log-facility=-"];
    const others = elsewhere.start(["dnsmasq", ...options, ...zone]);
    await others.printed(/started/, 10_000);
    await registry.setHostsFile(spoofedHosts("127.0.0.1"));
    await startLarder(registry, "--standard-ports", "--name", "registry.example.com", "--resolver", elsewhere.ipv4);
    published = await publishImages(lab, registry);
    node = await addFreshNode(lab, "node");
    await node.writeFile("/etc/resolv.conf", `nameserver ${registry.ipv4}\n`);
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  test("gets larder's addresses, of both families, over UDP and TCP, IPv4 and IPv6", async () => {
    for (const server of [`@${registry.ipv4}`, `@${registry.ipv6}`]) {
      for (const transport of ["+notcp", "+tcp"]) {
        for (const name of ["quay.io", "registry-1.docker.io", "auth.docker.io", "registry.example.com"]) {
          expect(await dig(server, transport, name, "A")).toBe(registry.ipv4);
          expect(await dig(server, transport, name, "AAAA")).toBe(registry.ipv6);
        }
      }
    }
  });

  test("gets nothing that would lead past larder", async () => {
    for (const type of ["HTTPS", "SVCB", "MX", "TXT", "CNAME"]) expect(await dig("quay.io", type)).toBe("");
    expect(await node.exec(["dig", "+tries=1", "quay.io", "HTTPS"])).toContain("status: NOERROR");
  });

  test("gets other servers' answers for other names", async () => {
    expect(await dig("else.example")).toBe("198.51.100.7");
    expect(await node.exec(["dig", "+tries=1", "nothing.example"])).toContain("status: NXDOMAIN");
  });

  test(
    "pulls by the registries' names with nothing set up but the trusted authority",
    async () => {
      await runScript(node, "http://registry.example.com/client/trust.sh");
      const { clients, stop } = await startNodeClients(node);
      for (const name of ["skopeo", "podman", "cri"] as const) {
        for (const image of IMAGE_NAMES) {
          const { digest, configDigest } = published.get(image) as BuiltImage;
          expect(await clients.get(name)?.pull(image)).toEqual({ digest, configDigest });
        }
      }
      await stop();
    },
    TEST_TIMEOUT_MS,
  );
});
