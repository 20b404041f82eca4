/**
 * Three hosts: nodes pull through larder from registries on a host that goes away.
 *
 *     node ── larder ── upstream: docker.io on :5001, registry.k8s.io on :5002, quay.io (with a password) on :5003
 *
 * Larder's own host sends the registries' names to larder itself, as the nodes do; only the resolver knows better.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { hostPlatform } from "../../src/oci/platform.ts";
import { requirement } from "../requirement.ts";
import type { ContainerClient, RegistrySettings } from "./container-client.ts";
import { type RegistryUser, startDockerRegistry } from "./docker-registry-on-host.ts";
import { type BuiltImage, buildImage, IMAGE_NEEDS } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import { startLarder } from "./larder-on-host.ts";
import { LAB_NEEDS, NetworkLab } from "./network-lab.ts";
import { CLIENT_NEEDS, type ClientName, startClients } from "./node-clients.ts";
import { expectPull, spoofedHosts, UPSTREAMS } from "./published-images.ts";

const SETUP_TIMEOUT_MS = 120_000;
const PULL_TIMEOUT_MS = 60_000;
const NEEDS = [...LAB_NEEDS, ...IMAGE_NEEDS, "skopeo", "docker-registry", "dnsmasq"];

const PORTS = { "docker.io": 5001, "registry.k8s.io": 5002, "quay.io": 5003 } as const;
const PRIVATE = "quay.io";
const USER: RegistryUser = { username: "puller", password: "only-larder-knows" };
const CONTACTED = { "docker.io": "registry-1.docker.io" } as Readonly<Record<string, string>>;

/** The ways that a node is sent to larder; each client pulls an image of its own by each, so that all pulls are cold. */
const WAYS = {
  "by its hosts file": {
    settings: (): RegistrySettings => ({ plainHttp: UPSTREAMS, mirrors: {} }),
    hostsFile: (larder: LabHost) => spoofedHosts(larder.ipv4),
    // Docker insists on HTTPS for docker.io.
    upstreamOf: (client: PullingClient) => (client === "docker" ? "registry.k8s.io" : UPSTREAM_OF[client]),
  },
  "by its mirrors": {
    settings: (larder: LabHost): RegistrySettings => ({
      plainHttp: [],
      mirrors: Object.fromEntries(UPSTREAMS.map((upstream) => [upstream, `${larder.ipv4}:5000`])),
    }),
    hostsFile: () => ({}),
    upstreamOf: (client: PullingClient) => UPSTREAM_OF[client],
  },
} as const;
type Way = keyof typeof WAYS;
/** buildah is left out: it pulls with podman's own code. */
const UPSTREAM_OF = {
  podman: "quay.io",
  skopeo: "docker.io",
  ctr: "docker.io",
  cri: "quay.io",
  docker: "docker.io",
} as const satisfies Partial<Record<ClientName, (typeof UPSTREAMS)[number]>>;
type PullingClient = keyof typeof UPSTREAM_OF;
const CLIENTS = Object.keys(UPSTREAM_OF) as PullingClient[];

describe.skipIf(!requirement(...NEEDS).met)("pulling through larder", () => {
  let lab: NetworkLab;
  let upstream: LabHost;
  let larder: LabHost;
  const clients = new Map<Way, (name: ClientName) => ContainerClient>();
  const published = new Map<string, BuiltImage>();

  beforeAll(async () => {
    lab = await NetworkLab.create();
    [upstream, larder] = [await lab.addHost("upstream"), await lab.addHost("larder")];
    await Promise.all([startUpstream(), publishAfterStart(), startNodes()]);
    await startPullThrough();
  }, SETUP_TIMEOUT_MS);
  afterAll(() => lab.close());

  const ways = Object.keys(WAYS) as Way[];
  const able = CLIENTS.filter((name) => requirement(...CLIENT_NEEDS[name]).met);
  const imageOf = (way: Way, name: PullingClient) =>
    `${WAYS[way].upstreamOf(name)}/team/${name}-${ways.indexOf(way)}:1`;

  async function startUpstream(): Promise<void> {
    const addresses = UPSTREAMS.map((name) => `--address=/${CONTACTED[name] ?? name}/${upstream.ipv4}`);
    const dns = ["dnsmasq", "--keep-in-foreground", "--log-facility=-", "--no-resolv", "--no-hosts", "--user=root"];
    const daemon = upstream.start([...dns, "--pid-file=", "--conf-file=/dev/null", ...addresses]);
    await daemon.printed(/started/, 10_000);
  }

  async function publishAfterStart(): Promise<void> {
    await Promise.all(
      UPSTREAMS.map((name) => startDockerRegistry(upstream, PORTS[name], name === PRIVATE ? USER : null)),
    );
    await upstream.writeFile("/etc/containers/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}\n`);
    const folder = await lab.makeFolder("images");
    const foreign = { os: "linux", architecture: "s390x" };
    for (const way of ways) {
      for (const name of CLIENTS) {
        const image = imageOf(way, name);
        const platforms = image.startsWith("docker.io/") ? { platforms: [foreign, hostPlatform()] } : {};
        const recipe = { name: image.replaceAll(/[^a-z0-9]/g, "-"), dataBytes: 200_000, ...platforms };
        const built = await buildImage(folder, recipe);
        const [host = "", ...path] = image.split("/");
        const target = `docker://127.0.0.1:${PORTS[host as keyof typeof PORTS]}/${path.join("/")}`;
        const credentials = host === PRIVATE ? ["--dest-creds", `${USER.username}:${USER.password}`] : [];
        const flags = ["--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false", ...credentials];
        await upstream.exec(["skopeo", "copy", ...flags, `oci:${built.layout}:image`, target]);
        published.set(image, built);
      }
    }
  }

  async function startNodes(): Promise<void> {
    for (const way of ways) {
      const node = await lab.addHost(`node-${ways.indexOf(way)}`);
      const { settings, hostsFile } = WAYS[way];
      await node.setHostsFile(hostsFile(larder));
      const registries = settings(larder);
      clients.set(way, await startClients(node, { containers: registries, daemons: registries }));
    }
  }

  async function startPullThrough(): Promise<void> {
    await larder.setHostsFile(spoofedHosts("127.0.0.1"));
    const auth = Buffer.from(`${USER.username}:${USER.password}`).toString("base64");
    const credentials = join(larder.folder, "credentials.json");
    await larder.writeFile(credentials, JSON.stringify({ auths: { [PRIVATE]: { auth } } }));
    const endpoints = UPSTREAMS.flatMap((name) => [
      "--upstream",
      `${name}=http://${CONTACTED[name] ?? name}:${PORTS[name]}`,
    ]);
    const settings = ["--resolver", upstream.ipv4, "--credentials", credentials, "--tags", "always"];
    await startLarder(larder, ...endpoints, ...settings);
  }

  describe.each(ways)("from a node that is sent there %s", (way) => {
    test.each(able)(
      "%s gets what upstream has",
      async (name) => {
        const image = imageOf(way, name);
        await expectPull(clientOf(way, name), image, published.get(image));
      },
      PULL_TIMEOUT_MS,
    );
  });

  test(
    "is refused with an explanation when larder has no resolver and its host's names lead back to it",
    async () => {
      const other = join(larder.folder, "other");
      const flags = ["--http", "127.0.0.1:8080", "--upstream", "quay.io=http://quay.io:8080"];
      const looping = larder.start([join(import.meta.dir, "..", "..", "larder"), "serve", "--data", other, ...flags]);
      await looping.printed(/127\.0\.0\.1:8080/, 20_000);
      const url = "http://127.0.0.1:8080/v2/team/podman-0/manifests/1?ns=quay.io";
      const fetched = await larder.exec(
        [process.execPath, "--eval", `console.log(await (await fetch("${url}")).text())`],
        { timeoutMs: 10_000 },
      );
      expect(fetched).toContain("came back to larder");
      expect(fetched).toContain("--resolver");
      expect(await looping.stop()).toBe(0);
    },
    PULL_TIMEOUT_MS,
  );

  describe("when upstream has gone away", () => {
    beforeAll(async () => {
      await upstream.exec(["ip", "link", "set", "eth0", "down"]);
    });

    test(
      "all that was pulled is pulled again, the same",
      async () => {
        const pulls = ways.flatMap((way) => able.map((name) => pullAgain(way, name)));
        await Promise.all(pulls);
      },
      PULL_TIMEOUT_MS,
    );

    test(
      "what was not pulled is refused, soon",
      async () => {
        const missing = `${UPSTREAM_OF.skopeo}/team/never-pulled:1`;
        const refusal = await clientOf("by its hosts file", "skopeo").pull(missing).catch(String);
        expect(refusal).toMatch(/502 Bad Gateway|could not be fetched/);
      },
      PULL_TIMEOUT_MS,
    );
  });

  async function pullAgain(way: Way, name: PullingClient): Promise<void> {
    const image = imageOf(way, name);
    await clientOf(way, name).forgetAll();
    await expectPull(clientOf(way, name), image, published.get(image));
  }

  function clientOf(way: Way, name: PullingClient): ContainerClient {
    const client = clients.get(way)?.(name);
    if (client === undefined) throw new Error(`there is no node that is sent to larder ${way}`);
    return client;
  }
});
