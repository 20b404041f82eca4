/**
 * A host of a network lab: a process tree with network, mounts, processes and host name of its own.
 *
 *     /etc             a copy of the machine's, in memory (hosts file, registries.conf, certificates, …)
 *     /run             empty, in memory: daemons can use their usual socket paths
 *     FOLDER/home      HOME of everything that runs there
 *     FOLDER/tmp       TMPDIR
 *     FOLDER/…         whatever a test puts there; FOLDER has the same path inside and outside
 *
 * The rest of the file system is the machine's.
 * The namespaces live as long as one process, the keeper, which ends when its standard input is closed: however the
 * test ends, the kernel then ends everything that ran on the host and takes its mounts and interfaces away.
 */
import { lstat, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { LabDaemon } from "./lab-daemon.ts";
import {
  CommandFailed,
  type CommandOptions,
  type CommandResult,
  COMMAND_TIMEOUT_MS,
  pathWithSystemFolders,
  runCommand,
} from "./run-command.ts";

const KEEPER_SCRIPT = `
  set -e
  mount -t tmpfs -o mode=755 larder-lab "$1/tmp"
  cp -a /etc/. "$1/tmp"
  mount --move "$1/tmp" /etc
  mount -t tmpfs -o mode=755 larder-lab /run
  hostname "$2"
  ip link set lo up
  echo ready
  exec cat >/dev/null
`;

/** Where a host is on the lab's network. Both addresses are from the ranges for documentation (RFC 5737, RFC 3849). */
export type LabAddresses = { readonly ipv4: string; readonly ipv6: string };

export class LabHost {
  readonly name: string;
  readonly folder: string;
  readonly ipv4: string;
  readonly ipv6: string;
  readonly #keeper: Bun.Subprocess<"pipe", "pipe", "inherit">;

  /** Only `NetworkLab` calls this. */
  constructor(
    name: string,
    folder: string,
    addresses: LabAddresses,
    keeper: Bun.Subprocess<"pipe", "pipe", "inherit">,
  ) {
    this.name = name;
    this.folder = folder;
    this.ipv4 = addresses.ipv4;
    this.ipv6 = addresses.ipv6;
    this.#keeper = keeper;
  }

  /** The process whose namespaces are the host's; for `ip link … netns PID`. */
  get keeperPid(): number {
    return this.#keeper.pid;
  }

  /** Runs a command on the host to its end, whatever its status. */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    // Killing nsenter would leave the command behind: it has to be ended from inside.
    const seconds = Math.ceil((options.timeoutMs ?? COMMAND_TIMEOUT_MS) / 1000);
    const limited = ["timeout", "--signal=KILL", `${seconds}`, ...argv];
    const environment = { ...this.#environment(), ...options.environment };
    return runCommand([...this.#enter(), ...limited], { ...options, environment, timeoutMs: (seconds + 5) * 1000 });
  }

  /** Runs a command on the host that has to succeed and returns its standard output. Throws `CommandFailed`. */
  async exec(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.run(argv, options);
    if (result.status !== 0) throw new CommandFailed([`${this.name}$`, ...argv], result);
    return result.output;
  }

  /** Starts a program on the host that runs until it is stopped, or until the lab is closed. */
  start(argv: readonly string[], options: { readonly environment?: Readonly<Record<string, string>> } = {}): LabDaemon {
    const environment = { ...this.#environment(), ...options.environment };
    return new LabDaemon(argv, this.#enter(), environment);
  }

  /** Writes a file under the host's /etc, /run or its folder; makes the folders above it. */
  async writeFile(path: string, content: string): Promise<void> {
    if (!["/etc", "/run", this.folder].some((own) => path.startsWith(`${own}/`))) {
      throw new Error(`${path} belongs to the machine, not to ${this.name}`);
    }
    const outside = this.outsidePath(path);
    await mkdir(dirname(outside), { recursive: true });
    // A symbolic link (resolv.conf, often) would lead out of the host.
    if ((await lstat(outside).catch(() => null))?.isSymbolicLink()) await rm(outside);
    await writeFile(outside, content);
  }

  /** The text of a file of the host. */
  readFile(path: string): Promise<string> {
    return readFile(this.outsidePath(path), "utf8");
  }

  /** Replaces the hosts file: `{ "docker.io": [host.ipv4] }`. Go programs notice within 5 seconds, others at once. */
  setHostsFile(addressesByName: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const lines = Object.entries(addressesByName).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}`),
    );
    return this.writeFile("/etc/hosts", `127.0.0.1 localhost\n::1 localhost\n${lines.join("\n")}\n`);
  }

  /** Ends everything that runs on the host. When this resolves, none of its processes, mounts or interfaces is left. */
  async close(): Promise<void> {
    this.#keeper.kill("SIGKILL");
    await this.#keeper.exited;
  }

  /** How a process outside sees a file of the host: through the keeper's mounts. */
  outsidePath(path: string): string {
    return `/proc/${this.#keeper.pid}/root${path}`;
  }

  #enter(): string[] {
    const namespaces = `/proc/${this.#keeper.pid}/ns`;
    return [
      "nsenter",
      `--mount=${namespaces}/mnt`,
      `--net=${namespaces}/net`,
      `--uts=${namespaces}/uts`,
      `--pid=${namespaces}/pid_for_children`,
      "--",
    ];
  }

  #environment(): Record<string, string> {
    return { HOME: join(this.folder, "home"), TMPDIR: join(this.folder, "tmp"), PATH: pathWithSystemFolders() };
  }
}

/** Brings up a host that has no network yet but its loopback. `folder` must not exist. */
export async function startLabHost(name: string, folder: string, addresses: LabAddresses): Promise<LabHost> {
  await mkdir(join(folder, "home"), { recursive: true });
  await mkdir(join(folder, "tmp"));
  const keeper = Bun.spawn(
    [
      "unshare",
      "--net",
      "--mount",
      "--uts",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "--propagation=private",
      "/bin/sh",
      "-c",
      KEEPER_SCRIPT,
      "sh",
      folder,
      name,
    ],
    { env: { PATH: pathWithSystemFolders() }, stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  );
  const { value } = await keeper.stdout.getReader().read();
  if (value === undefined) throw new Error(`the lab's host ${name} did not start: status ${await keeper.exited}`);
  const host = new LabHost(name, folder, addresses, keeper);
  await host.setHostsFile({ [name]: [addresses.ipv4, addresses.ipv6] });
  await host.writeFile("/etc/resolv.conf", "# no name servers: only the hosts file counts\n");
  return host;
}
