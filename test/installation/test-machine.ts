/**
 * A machine of its own for a test: systemd as its process 1, or OpenRC without it, over this machine's files, of which it changes none.
 *
 *     /              this machine's, with what is written to it in memory (overlay)
 *     /etc/systemd   without this machine's units
 *     /run /tmp /var/lib /var/log /usr/local /root /dev   empty, in memory
 *     network        a loopback
 *     cgroups        a folder of its own in the unified hierarchy, taken away at the end
 *
 * It lives as long as one process; its kernel namespaces end everything with it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CommandFailed, type CommandResult, runCommand } from "../end-to-end/run-command.ts";
import { isAlive } from "../run-folder.ts";
import { until } from "../until.ts";

/** What a suite with such a machine asks of this one. */
export const SYSTEMD_NEEDS = ["namespaces", "systemctl", "systemd-sysusers", "nsenter", "ip"] as const;
export const OPENRC_NEEDS = ["namespaces", "openrc-run", "supervise-daemon", "rc-service", "nsenter", "ip"] as const;

/** What its services are run by. */
export type Init = "systemd" | "openrc";

/** Units that want hardware, a network or the real machine. */
const MASKED = [
  "systemd-udevd.service",
  "systemd-udev-trigger.service",
  "systemd-hwdb-update.service",
  "systemd-logind.service",
  "systemd-networkd.service",
  "systemd-resolved.service",
  "systemd-timesyncd.service",
  "systemd-binfmt.service",
  "systemd-firstboot.service",
  "systemd-sysusers.service",
  "proc-sys-fs-binfmt_misc.automount",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "sys-kernel-debug.mount",
  "sys-kernel-tracing.mount",
  "sys-fs-fuse-connections.mount",
  "ldconfig.service",
  "apparmor.service",
];

/** `$1`: a folder for what is written; `$2`: this machine's cgroup. It starts when its standard input says so. */
const BOOT = `
set -e
mkdir -p "$1/cgroups"
mount -t cgroup2 cgroup2 "$1/cgroups"
mkdir -p "$1/cgroups/$2"
echo $$ > "$1/cgroups/$2/cgroup.procs"
umount "$1/cgroups"
exec unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child --propagation=private sh -c "$INSIDE" sh "$1" "$3"
`;

const INSIDE = `
set -e
init=$2
cd "$1"
mkdir rw
mount -t tmpfs -o mode=755 machine rw
mkdir rw/upper rw/work rw/root
mount -t overlay overlay -o lowerdir=/,upperdir=rw/upper,workdir=rw/work rw/root
cd rw/root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs dev
for device in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
  set -- $device
  mknod -m 666 "dev/$1" c "$2" "$3"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs var/lib
mount -t tmpfs -o mode=755 tmpfs var/log
mount -t tmpfs -o mode=755 tmpfs usr/local
mount -t tmpfs -o mode=700 tmpfs root
mkdir usr/local/bin var/lib/nginx
rm -rf etc/systemd/system etc/larder
mkdir -p etc/systemd/system
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\nAllowIsolate=yes\\nWants=larder.service\\n' > etc/systemd/system/machine.target
for unit in ${MASKED.join(" ")}; do ln -s /dev/null "etc/systemd/system/$unit"; done
hostname machine
echo machine > etc/hostname
: > etc/fstab
: > etc/machine-id
ip link set lo up
mkdir tmp/old
pivot_root . tmp/old
umount -l /tmp/old
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
cd /
if [ "$init" = openrc ]; then
  mkdir -p /run/openrc
  for state in daemons exclusive failed inactive options scheduled started starting stopping wasinactive; do mkdir "/run/openrc/$state"; done
  echo default > /run/openrc/softlevel
  # Whoever is left behind is process 1's to collect.
  exec env -i PATH="$PATH" sh -c 'touch /run/up; trap : CHLD; while :; do sleep 1 & wait; done' </dev/null
fi
exec env -i container=larder-test PATH="$PATH" \\
  "$(command -v /usr/lib/systemd/systemd || echo /lib/systemd/systemd)" --unit=machine.target --log-target=null --show-status=no </dev/null
`;

const CGROUP_PREFIX = "larder-test-";

export class TestMachine {
  readonly #folder: string;
  readonly #cgroup: string;
  readonly #boot: Bun.Subprocess<"ignore", "ignore", "pipe">;
  #pid = 0;

  private constructor(folder: string, cgroup: string, boot: Bun.Subprocess<"ignore", "ignore", "pipe">) {
    this.#folder = folder;
    this.#cgroup = cgroup;
    this.#boot = boot;
  }

  /** Starts a machine; it is up when this resolves. */
  static async boot(init: Init): Promise<TestMachine> {
    await removeCgroups((pid) => !isAlive(pid));
    const folder = join(tmpdir(), `larder-systemd-${process.pid}-${crypto.randomUUID().slice(0, 8)}`);
    await mkdir(folder, { mode: 0o700 });
    const cgroup = `${CGROUP_PREFIX}${process.pid}-${crypto.randomUUID().slice(0, 8)}`;
    const boot = Bun.spawn(
      ["unshare", "--mount", "--propagation=private", "sh", "-c", BOOT, "sh", folder, cgroup, init],
      {
        env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", INSIDE },
        stdin: "ignore",
        stdout: "ignore",
        stderr: "pipe",
      },
    );
    const machine = new TestMachine(folder, cgroup, boot);
    try {
      await until(`${init} is up`, () => machine.#isUp(init));
    } catch (error) {
      await machine.close();
      throw new Error(`${init} does not start here: ${await boot.stderr.text()}`, { cause: error });
    }
    return machine;
  }

  /** Where a path of the machine's is for this process. */
  outsidePath(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }

  async writeFile(path: string, content: string): Promise<void> {
    await writeFile(this.outsidePath(path), content);
  }

  async copyIn(from: string, path: string): Promise<void> {
    await copyFile(from, this.outsidePath(path));
  }

  /** Runs a command on it to its end, whatever its status. */
  run(argv: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
    return runCommand(["nsenter", `--target=${this.#pid}`, "--all", ...argv], { timeoutMs });
  }

  /** Runs a command that has to succeed and returns its standard output. Throws CommandFailed. */
  async exec(argv: readonly string[]): Promise<string> {
    const result = await this.run(argv);
    if (result.status !== 0) throw new CommandFailed(argv, result);
    return result.output;
  }

  /** Runs a script of sh that has to succeed. */
  sh(script: string): Promise<string> {
    return this.exec(["sh", "-ec", `cd /\n${script}`]);
  }

  /** A property of a unit, as systemctl show has it. */
  async property(name: string, unit = "larder.service"): Promise<string> {
    return (await this.exec(["systemctl", "show", "--value", `--property=${name}`, unit])).trim();
  }

  /** Ends it with everything that runs on it. */
  async close(): Promise<void> {
    this.#boot.kill("SIGKILL");
    if (this.#pid > 0) process.kill(this.#pid, "SIGKILL");
    await this.#boot.exited;
    await until("the machine has gone", () => removeCgroups((_, name) => name === this.#cgroup));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #isUp(init: Init): Promise<boolean> {
    if (this.#boot.exitCode !== null) throw new Error(await this.#boot.stderr.text());
    this.#pid = childOf(this.#boot.pid);
    if (this.#pid === 0) return false;
    if (init === "openrc") return existsSync(this.outsidePath("/run/up"));
    if (commOf(this.#pid) !== "systemd") return false;
    const { output } = await this.run(["systemctl", "is-system-running"]);
    return /running|degraded/.test(output);
  }
}

function childOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ")[0] ?? 0);
  } catch {
    return 0;
  }
}

function commOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return "";
  }
}

/** Takes away cgroups of machines that have gone, by way of a mount of the hierarchy that lasts as long. True: none is left. */
async function removeCgroups(isGone: (pid: number, name: string) => boolean): Promise<boolean> {
  const folder = join(tmpdir(), `larder-cgroups-${process.pid}-${crypto.randomUUID().slice(0, 8)}`);
  mkdirSync(folder);
  try {
    if ((await runCommand(["mount", "-t", "cgroup2", "cgroup2", folder])).status !== 0) return true;
    const names = readdirSync(folder).filter((name) => name.startsWith(CGROUP_PREFIX));
    const gone = names.filter((name) => isGone(Number(name.split("-")[2]), name));
    return gone.map((name) => removeTree(join(folder, name))).every(Boolean);
  } finally {
    await runCommand(["umount", folder]);
    rmdirSync(folder);
  }
}

function removeTree(path: string): boolean {
  try {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (entry.isDirectory()) removeTree(join(path, entry.name));
    }
    writeFileSync(join(path, "cgroup.kill"), "1");
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
