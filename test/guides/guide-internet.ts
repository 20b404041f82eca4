/**
 * The internet of the guides: upstream registries by their own names, over HTTPS, with images that are made up.
 *
 *     host internet       198.51.100.1 name server, 198.51.100.2 and so on a registry each
 *          │ gateway of the machines that `connect` names; `unplug` pulls the cable
 *     bridge of the lab
 */
import { join } from "node:path";
import { makeCertificate } from "../../src/upstream/transport/certificate.fixture.ts";
import { buildImage } from "../end-to-end/image-factory.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { NetworkLab } from "../end-to-end/network-lab.ts";

/** What the internet takes besides a lab. */
export const INTERNET_NEEDS = [
  "busybox",
  "tar",
  "zstd",
  "skopeo",
  "openssl",
  "docker-registry",
  "dnsmasq",
  "curl",
] as const;

/** Registries, each with all of its names. */
const REGISTRIES = [
  ["docker.io", "registry-1.docker.io"],
  ["registry.k8s.io"],
  ["quay.io"],
  ["ghcr.io"],
  ["k8s.gcr.io", "gcr.io", "public.ecr.aws", "mcr.microsoft.com"],
] as const;
const NAME_SERVER = "198.51.100.1";
const START_TIMEOUT_MS = 20_000;

export class GuideInternet {
  readonly #host: LabHost;
  readonly #certificate: string;
  readonly #folder: string;
  #imageCount = 0;

  private constructor(host: LabHost, certificate: string, folder: string) {
    this.#host = host;
    this.#certificate = certificate;
    this.#folder = folder;
  }

  /** Starts all registries, which are empty. */
  static async start(network: NetworkLab): Promise<GuideInternet> {
    const host = await network.addHost("internet");
    const { cert, key } = await makeCertificate(...REGISTRIES.flat().map((name) => `DNS:${name}`));
    const folder = await network.makeFolder("internet-images");
    await host.writeFile(join(host.folder, "tls.crt"), cert);
    await host.writeFile(join(host.folder, "tls.key"), key);
    await host.exec(["ip", "address", "add", `${NAME_SERVER}/32`, "dev", "eth0"]);
    await Promise.all(REGISTRIES.map((_, index) => startRegistry(host, addressOf(index))));
    await startNameServer(host);
    const internet = new GuideInternet(host, cert, folder);
    await internet.connect(host);
    return internet;
  }

  /** Gives a machine the way to the internet, its names, and trust in its certificates. */
  async connect(host: LabHost): Promise<void> {
    if (host !== this.#host) await host.exec(["ip", "route", "replace", "default", "via", this.#host.ipv4]);
    await host.writeFile("/etc/resolv.conf", `nameserver ${NAME_SERVER}\n`);
    const bundle = "/etc/ssl/certs/ca-certificates.crt";
    await host.writeFile(bundle, `${await host.readFile(bundle)}\n${this.#certificate}`);
  }

  /** From now on packets to the internet go nowhere, as when somebody pulls the cable. */
  async unplug(): Promise<void> {
    await this.#host.exec(["ip", "link", "set", "eth0", "down"]);
  }

  async plugIn(): Promise<void> {
    await this.#host.exec(["ip", "link", "set", "eth0", "up"]);
  }

  /** Builds an image for each name, `docker.io/library/nginx:1.27`, and puts it into its registry. */
  async publish(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      const recipe = { name: `image-${++this.#imageCount}`, dataBytes: 200_000, ...(goesOn(name) ? GOES_ON : {}) };
      const { layout } = await buildImage(this.#folder, recipe);
      await this.#host.exec(["skopeo", "copy", "--quiet", `oci:${layout}:image`, `docker://${name}`]);
    }
  }
}

/** Pods live as long as their pause. */
const GOES_ON = { command: ["/bin/busybox", "sleep", "3600"] };
const goesOn = (name: string): boolean => name.includes("/pause:");

function addressOf(index: number): string {
  return `198.51.100.${index + 2}`;
}

async function startRegistry(host: LabHost, address: string): Promise<void> {
  await host.exec(["ip", "address", "add", `${address}/32`, "dev", "eth0"]);
  const folder = join(host.folder, address);
  const tls = { certificate: join(host.folder, "tls.crt"), key: join(host.folder, "tls.key") };
  const configuration = {
    version: "0.1",
    log: { level: "warn" },
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: `${address}:443`, secret: "lab", tls },
  };
  await host.writeFile(join(folder, "config.yml"), JSON.stringify(configuration));
  const daemon = host.start(["docker-registry", "serve", join(folder, "config.yml")]);
  const answers = ["curl", "--insecure", "--silent", "--fail", `https://${address}/v2/`];
  await daemon.until(async () => (await host.run(answers)).status === 0, START_TIMEOUT_MS);
}

/** It knows the registries' names and no others, in both families. */
async function startNameServer(host: LabHost): Promise<void> {
  const names = REGISTRIES.flatMap((each, index) => each.map((name) => `--host-record=${name},${addressOf(index)}`));
  const listen = [`--listen-address=${NAME_SERVER}`, "--bind-interfaces", "--no-resolv", "--no-hosts", "--local=/#/"];
  const daemon = host.start(["dnsmasq", "--keep-in-foreground", "--log-facility=-", ...listen, ...names]);
  await daemon.printed(/started/, START_TIMEOUT_MS);
}
