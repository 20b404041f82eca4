/**
 * A network of its own for a test: any number of hosts on one bridge, without a way to the machine or the internet.
 *
 *     host registry        host node-1         host node-2
 *     192.0.2.1            192.0.2.2           192.0.2.3
 *     2001:db8:1::1        2001:db8:1::2       2001:db8:1::3
 *          └──────────── bridge (host "switch") ────┘
 *
 * `requirement(...LAB_NEEDS)` says whether this machine can have one.
 */
import { readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isAlive } from "../run-folder.ts";
import { type LabHost, startLabHost } from "./lab-host.ts";
import { outputOf } from "./run-command.ts";

/** What a suite that uses a lab asks of the machine. */
export const LAB_NEEDS = ["namespaces", "ipv6", "ip", "nsenter"] as const;

const FOLDER_PREFIX = "larder-lab-";

export class NetworkLab {
  readonly folder: string;
  readonly #switch: LabHost;
  readonly #hosts: LabHost[] = [];

  private constructor(folder: string, bridge: LabHost) {
    this.folder = folder;
    this.#switch = bridge;
  }

  /** An empty network. */
  static async create(): Promise<NetworkLab> {
    await removeFoldersOfDeadLabs();
    // Lower case, unlike mkdtemp's: podman makes names of images from paths, and those have no capitals.
    const folder = join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-${crypto.randomUUID().slice(0, 8)}`);
    await mkdir(folder, { mode: 0o700 });
    const bridge = await startLabHost("switch", join(folder, "switch"), {
      ipv4: "192.0.2.254",
      ipv6: "2001:db8:1::fe",
    });
    await bridge.exec(["ip", "link", "add", "lan", "type", "bridge"]);
    await bridge.exec(["ip", "link", "set", "lan", "up"]);
    return new NetworkLab(folder, bridge);
  }

  /** Adds a host with the next free addresses. `name` is its host name and must be new. */
  async addHost(name: string): Promise<LabHost> {
    if (this.#hosts.some((host) => host.name === name)) throw new Error(`the lab has a host ${name} already`);
    const number = this.#hosts.length + 1;
    const addresses = { ipv4: `192.0.2.${number}`, ipv6: `2001:db8:1::${number.toString(16)}` };
    const host = await startLabHost(name, join(this.folder, name), addresses);
    this.#hosts.push(host);
    await this.#plugIn(host, `port${number}`);
    return host;
  }

  /**
   * Addresses where everything that `host` sends is swallowed, as by a firewall that drops, or a network that ends
   * somewhere far off: nothing comes back, no refusal either.
   */
  async addVoid(host: LabHost): Promise<{ readonly ipv4: string; readonly ipv6: string }> {
    const addresses = { ipv4: "192.0.2.253", ipv6: "2001:db8:1::fd" };
    for (const address of Object.values(addresses)) {
      // The bridge sends frames for a neighbour that it does not know everywhere, and nobody takes them.
      const neighbour = ["neigh", "replace", address, "lladdr", "02:00:00:00:00:fd", "dev", "eth0", "nud", "permanent"];
      await host.exec(["ip", ...neighbour]);
    }
    return addresses;
  }

  /** A folder for a test's own files. All hosts see it at the same path. */
  async makeFolder(name: string): Promise<string> {
    const path = join(this.folder, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  /** Ends everything on all hosts and removes every file of the lab. */
  async close(): Promise<void> {
    await Promise.all([...this.#hosts, this.#switch].map((host) => host.close()));
    await rm(this.folder, { recursive: true, force: true });
  }

  async #plugIn(host: LabHost, port: string): Promise<void> {
    const commands = [
      `link add ${port} type veth peer name eth0 netns ${host.keeperPid}`,
      `link set ${port} master lan up`,
    ];
    // The process id means something only outside the hosts, so nothing but the network of the switch is entered.
    const enter = ["nsenter", `--net=/proc/${this.#switch.keeperPid}/ns/net`];
    await outputOf([...enter, "ip", "-batch", "-"], { input: commands.join("\n") });
    const inside = [
      `address add ${host.ipv4}/24 dev eth0`,
      // Without duplicate address detection, which would keep the address from use for a second or two.
      `address add ${host.ipv6}/64 dev eth0 nodad`,
      "link set eth0 up",
    ];
    await host.exec(["ip", "-batch", "-"], { input: inside.join("\n") });
  }
}

/** A lab whose process was killed leaves files, and nothing else: its namespaces ended with it. */
async function removeFoldersOfDeadLabs(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = new RegExp(`^${FOLDER_PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(tmpdir(), name), { recursive: true, force: true });
  }
}
