/**
 * A machine for the time of a test: this one's files, with whatever is written to them in memory, its own processes,
 * network and host name, and systemd as its first process.
 *
 *     /                the machine's, through an overlay
 *     /etc/systemd     of this machine's services none is enabled
 *     /run /tmp /dev   new, in memory
 *     FOLDER           the folder that the test gives it, under the same path
 *     FOLDER/written   what has been written to the machine's files, and the names of those that are gone
 *
 * It lives as long as one process outside; when that ends, the kernel takes everything away.
 */
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CommandOptions, type CommandResult, CommandFailed, runCommand } from "../end-to-end/run-command.ts";
import { until } from "../until.ts";

/** What is of the machine outside, or waits for hardware. */
const MASKED = [
  "systemd-udevd.service systemd-udev-trigger.service systemd-hwdb-update.service systemd-modules-load.service",
  "systemd-networkd.service systemd-resolved.service systemd-timesyncd.service systemd-logind.service",
  "systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-firstboot.service systemd-sysusers.service",
  "dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount ldconfig.service",
  "sys-fs-fuse-connections.mount systemd-remount-fs.service apparmor.service systemd-sysctl.service",
].join(" ");

const DEVICES = "null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0";

const BOOT = `
set -e
folder=$1
mount -t tmpfs -o mode=755 larder-lab "$folder/memory"
cd "$folder/memory"
mkdir upper work root
mount -t overlay -o lowerdir=/,upperdir=upper,workdir=work larder-lab root
cd root
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 larder-lab dev
for device in ${DEVICES}; do
  number=\${device#*:}
  mknod -m 666 "dev/\${device%%:*}" c "\${number%:*}" "\${number#*:}"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
for fresh in dev/shm run tmp; do mount -t tmpfs -o mode=1777 larder-lab "$fresh"; done
chmod 755 run
mkdir -p ".$folder"
mount --bind "$folder" ".$folder"
mount --bind ../upper ".$folder/written"
rm -rf etc/systemd/system etc/larder var/lib/larder usr/sbin/policy-rc.d var/lib/man-db/auto-update
mkdir -p etc/systemd/system
printf '[Unit]\\nRequires=basic.target\\nAfter=basic.target\\n' >etc/systemd/system/lab.target
for unit in ${MASKED}; do ln -s /dev/null "etc/systemd/system/$unit"; done
: >etc/fstab
: >etc/machine-id
ip link set lo up
mkdir tmp/outside
pivot_root . tmp/outside
umount -l /tmp/outside
exec env -i container=larder-lab PATH=/usr/sbin:/usr/bin:/sbin:/bin \\
  /lib/systemd/systemd --unit=lab.target --log-target=null --show-status=no </dev/null
`;

export class BootedMachine {
  readonly #outside: Bun.Subprocess;
  /** systemd, as the machine outside numbers it. */
  readonly #init: string;

  private constructor(outside: Bun.Subprocess, init: string) {
    this.#outside = outside;
    this.#init = init;
  }

  /** Boots it, and waits until it is up. `folder` is there on both sides. */
  static async boot(folder: string): Promise<BootedMachine> {
    await mkdir(join(folder, "memory"));
    await mkdir(join(folder, "written"));
    const flags = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"];
    const argv = [
      "setpriv",
      "--pdeathsig",
      "KILL",
      "--",
      "unshare",
      ...flags,
      "--propagation=private",
      "sh",
      "-c",
      BOOT,
      "sh",
      folder,
    ];
    const outside = Bun.spawn(argv, { stdin: "ignore", stdout: "ignore", stderr: "inherit" });
    let init = "";
    await until("the machine has a first process", async () => {
      init = (await readFile(`/proc/${outside.pid}/task/${outside.pid}/children`, "utf8").catch(() => "")).trim();
      return init !== "";
    });
    const machine = new BootedMachine(outside, init);
    await until("systemd runs", async () => {
      const { output } = await machine.run(["systemctl", "is-system-running"]);
      return /^(?:running|degraded)/.test(output);
    });
    return machine;
  }

  /** Runs a command on it to its end, whatever its status. */
  run(argv: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    const environment = { HOME: "/root", DEBIAN_FRONTEND: "noninteractive", ...options.environment };
    return runCommand(["nsenter", "--target", this.#init, "--all", "--", ...argv], { ...options, environment });
  }

  /** Runs a command that has to succeed, and returns what it said. Throws `CommandFailed`. */
  async exec(argv: readonly string[], options: CommandOptions = {}): Promise<string> {
    const result = await this.run(argv, options);
    if (result.status !== 0) throw new CommandFailed(argv, result);
    return result.output + result.errors;
  }

  /** A line of shell. */
  shell(line: string): Promise<string> {
    return this.exec(["sh", "-c", line]);
  }

  async close(): Promise<void> {
    this.#outside.kill("SIGKILL");
    await this.#outside.exited;
  }
}
