/** What a script does where it cannot write, or where another one is at work. */
import { describe, expect, test } from "bun:test";
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { requirement } from "../../../test/requirement.ts";
import { renderScript } from "./render-script.ts";
import { type ClientTarget, findClientTarget } from "../targets/targets.ts";
import { SHELLS, TestNode } from "./node.fixture.ts";
import { testSettings } from "../settings.fixture.ts";

const SCRIPT = renderScript(findClientTarget("containerd") as ClientTarget, testSettings("http"));
const OTHER = renderScript(
  findClientTarget("containerd") as ClientTarget,
  testSettings("http", { registry: "http://10.0.0.6:5000" }),
);
const CONFIG = "etc/containerd/config.toml";
const TEXT = "version = 2\n";

const needs = requirement("root", "unshare", "mount");

/** Runs the script beside mounts that end with it. `$1` is the node's root. */
function runMounted(node: TestNode, shell: readonly string[], mounts: string, after = "", script = SCRIPT) {
  const line = `${mounts}\n${shell.join(" ")} -s join\nstatus=$?\n${after}\nexit $status`;
  const { exitCode, stdout, stderr } = Bun.spawnSync(["unshare", "--mount", "sh", "-c", line, "sh", node.root], {
    stdin: Buffer.from(script),
    env: { PATH: process.env["PATH"] ?? "", LARDER_ROOT: node.root },
  });
  return { exitCode, messages: stdout.toString() + stderr.toString() };
}

describe.each(SHELLS.map((shell) => [shell.join(" "), shell] as const))("under %s", (_, shell) => {
  const isHere = Bun.which(shell[0]) !== null;

  test.skipIf(!isHere || !needs.met)("a file that is read-only is refused before anything is changed", async () => {
    await using node = await TestNode.make();
    await node.put(CONFIG, TEXT);
    const before = await node.picture();
    const mounts = `mount --bind "$1/${CONFIG}" "$1/${CONFIG}"; mount -o remount,bind,ro "$1/${CONFIG}"`;
    const { exitCode, messages } = runMounted(node, shell, mounts);
    expect(messages).toContain(`/${CONFIG} cannot be written to: is it, or its file system, read-only?`);
    expect(messages).toContain("nothing was changed");
    expect(exitCode).toBe(1);
    expect(await node.picture()).toEqual(before);
  });

  test.skipIf(!isHere || !needs.met).each([
    ["containerd", ["etc"], "/etc cannot be written to, where /etc/containerd/config.toml would go and 3 more"],
    ["containerd", ["etc/containerd"], "/etc/containerd cannot be written to, where /etc/containerd/config.toml"],
    ["docker", ["var"], "/var cannot be written to, where /var/lib/larder-client/docker would go:"],
    ["trust", ["usr"], "/usr cannot be written to, where /usr/local/share/ca-certificates/larder.crt would go:"],
    ["trust", ["etc"], "/etc cannot be written to, where /etc/ssl/certs would go:"],
    ["trust", ["usr", "etc/ssl"], "/etc/ssl cannot be written to, where /etc/ssl/certs would go:"],
  ])("of %s with %p read-only nothing is written, and one line tells of each place", async (name, folders, line) => {
    await using node = await TestNode.make();
    for (const folder of ["etc/containerd", "etc/docker", "etc/ssl/certs", "usr/local/share", "var/lib"]) {
      await mkdir(join(node.root, folder), { recursive: true });
    }
    const before = await node.picture();
    const target = findClientTarget(name) as ClientTarget;
    const mounts = folders.map(
      (folder) => `mount --bind "$1/${folder}" "$1/${folder}"; mount -o remount,bind,ro "$1/${folder}"`,
    );
    const script = renderScript(target, testSettings(name === "trust" ? "https" : "http"));
    const { exitCode, messages } = runMounted(node, shell, mounts.join("\n"), "", script);
    expect(messages).toContain(line);
    expect(messages.match(/read-only\?/g)).toHaveLength(folders.length);
    expect(exitCode).toBe(1);
    expect(await node.picture()).toEqual(before);
  });

  test.skipIf(!isHere || !needs.met)("a disk that is full half-way leaves all as it was", async () => {
    await using node = await TestNode.make();
    await mkdir(join(node.root, "etc/containerd"), { recursive: true });
    const before = await node.picture();
    // Room for one file.
    const mounts = `mount -t tmpfs -o size=4k none "$1/etc/containerd"; printf '${TEXT}' >"$1/${CONFIG}"`;
    const after = `cat "$1/${CONFIG}"; find "$1/etc/containerd" | sort`;
    const { exitCode, messages } = runMounted(node, shell, mounts, after);
    expect(messages).toContain("could not be written: all is put back");
    expect(messages).toContain(`${TEXT}${node.root}/etc/containerd\n${node.root}/${CONFIG}\n`);
    expect(exitCode).toBe(1);
    expect(await node.picture()).toEqual(before);
  });

  test.skipIf(!isHere)(
    "two that run at once come one after the other, and undo brings all back",
    async () => {
      await using node = await TestNode.make();
      await node.put(CONFIG, TEXT);
      const before = await node.picture();
      const start = (script: string) =>
        Bun.spawn([...shell, "-s", "join"], {
          stdin: Buffer.from(script),
          stderr: "pipe",
          env: { PATH: process.env["PATH"] ?? "", LARDER_ROOT: node.root },
        });
      const runs = [SCRIPT, SCRIPT, OTHER, OTHER].map(start);
      const statuses = await Promise.all(runs.map(({ exited }) => exited));
      const messages = await Promise.all(runs.map(({ stderr }) => stderr.text()));
      expect([statuses, messages]).toEqual([[0, 0, 0, 0], messages]);
      const hosts = await node.read("etc/containerd/certs.d/docker.io/hosts.toml");
      const own = hosts.includes("10.0.0.6") ? "10.0.0.6:5000" : "10.0.0.5:5000";
      // All of one of them, and nothing of the other.
      const others = (await node.picture()).filter((line) => line.includes("10.0.0.") && !line.includes(own));
      expect(others.filter((line) => line.startsWith("etc/") && / 100\d{3} /.test(line))).toEqual([]);
      expect(node.run(SCRIPT, shell, "undo").exitCode).toBe(0);
      expect(await node.picture()).toEqual(before);
    },
    90_000,
  );

  test.skipIf(!isHere)("the lock of one that was killed keeps nobody out", async () => {
    await using node = await TestNode.make();
    await symlink("999999999", join(node.root, ".larder-client.lock"));
    expect(node.run(SCRIPT, shell).exitCode).toBe(0);
    expect(node.run(SCRIPT, shell, "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual([]);
  });
});
