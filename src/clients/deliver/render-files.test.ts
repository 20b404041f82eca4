import { describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { renderTar } from "./render-files.ts";
import { findClientTarget } from "../targets/targets.ts";
import { testSettings } from "../settings.fixture.ts";
import type { ClientMode } from "../client-settings.ts";

async function tarOf(name: string, mode: ClientMode): Promise<Uint8Array> {
  const target = findClientTarget(name);
  if (target === null) throw new Error(name);
  return renderTar(target, testSettings(mode));
}

function list(tar: Uint8Array, ...flags: string[]): string {
  const { stdout, stderr, exitCode } = Bun.spawnSync(["tar", ...flags], { stdin: tar });
  expect(stderr.toString()).toBe("");
  expect(exitCode).toBe(0);
  return stdout.toString();
}

describe("renderTar", () => {
  test("makes the overlay of xcluster, for tar to read", async () => {
    const tar = await tarOf("xcluster", "spoof");
    expect(list(tar, "-t").trim().split("\n")).toEqual([
      "etc/spoofed-hosts",
      "etc/containers/registries.conf",
      "etc/init.d/28private-reg.rc",
    ]);
    expect(list(tar, "-tv", "--wildcards", "*.rc")).toMatch(/^-rwxr-xr-x root\/root +\d+ 1970-01-01/);
    expect(list(tar, "-xO", "etc/spoofed-hosts")).toContain("10.0.0.5 registry-1.docker.io\n");
  });

  test("gives the same bytes for the same settings", async () => {
    expect(await tarOf("containerd", "https")).toEqual(await tarOf("containerd", "https"));
  });

  test("cannot merge, so files that others write, too, get a name of their own, and folders stay as they are", async () => {
    const names = list(await tarOf("docker", "spoof"), "-t")
      .trim()
      .split("\n");
    expect(names).toEqual(["etc/docker/daemon.json.larder", "etc/hosts.larder"]);
    // Drop-ins that would take no effect under another name.
    expect(list(await tarOf("containers", "http"), "-t")).toBe("etc/containers/registries.conf.d/50-larder.conf\n");
    expect(list(await tarOf("k3s", "http"), "-t")).toBe("etc/rancher/k3s/registries.yaml\n");
  });
});

describe("the start script of xcluster's overlay", () => {
  test("adds the names once, and a route for each address", async () => {
    const script = list(await tarOf("xcluster", "spoof"), "-xO", "etc/init.d/28private-reg.rc");
    const folder = await mkdtemp(join(tmpdir(), "larder-xcluster-"));
    try {
      const [hosts, spoofed] = [`${folder}/hosts`, `${folder}/spoofed-hosts`];
      await Bun.write(hosts, "127.0.0.1 localhost\n");
      await Bun.write(spoofed, list(await tarOf("xcluster", "spoof"), "-xO", "etc/spoofed-hosts"));
      const here = script
        .replaceAll("/etc/hosts", hosts)
        .replaceAll("/etc/spoofed-hosts", spoofed)
        .replaceAll("/etc/profile", `${folder}/none`)
        .replaceAll("ip -6 route", "echo ip -6 route")
        .replaceAll(" ip route", " echo ip route");
      const run = () =>
        Bun.spawnSync(["sh", "-c", here], { env: { PATH: process.env["PATH"] ?? "", PREFIX: "1000::1" } });
      expect(run().stdout.toString()).toBe(
        "ip route replace 10.0.0.5 via 192.168.0.250\nip -6 route replace fd00::5 via 1000::1:192.168.0.250\n",
      );
      const once = await Bun.file(hosts).text();
      expect(once).toContain("10.0.0.5 example.com\n");
      run();
      expect(await Bun.file(hosts).text()).toBe(once);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
