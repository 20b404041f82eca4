/** The files as the programs read them that they are for, as far as these are installed here. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createSocket } from "node:dgram";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ClientSettings } from "../client-settings.ts";
import { contentOf, run } from "./programs.fixture.ts";
import { findClientTarget } from "./targets.ts";
import { testSettings } from "../settings.fixture.ts";
import { writeFiles } from "../deliver/write-files.ts";
import { unmet } from "../../../test/requirement.ts";
import { until } from "../../../test/until.ts";
import { LISTENING_SERVER } from "../listening-server.fixture.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-real-"));
});
afterAll(() => rm(folder, { recursive: true }));

function missing(...programs: readonly string[]): boolean {
  return programs.some((program) => Bun.which(program) === null);
}

/** The root of a node with a target's files. */
async function nodeWith(name: string, settings: ClientSettings): Promise<string> {
  const root = await mkdtemp(join(folder, `${name}-`));
  const target = findClientTarget(name);
  if (target === null) throw new Error(name);
  const files = await writeFiles(target, settings, root, false);
  expect(files.map((file) => file.outcome)).not.toContain("left");
  return root;
}

describe.skipIf(missing("containerd"))("containerd", () => {
  test("takes config.toml, written anew and merged into its own default", async () => {
    const root = await nodeWith("containerd", testSettings("https"));
    const config = join(root, "etc/containerd/config.toml");
    expect(run(["containerd", "--config", config, "config", "dump"])).toContain('"/etc/containerd/certs.d"');

    const merged = await mkdtemp(join(folder, "merged-"));
    await mkdir(join(merged, "etc/containerd"), { recursive: true });
    await writeFile(join(merged, "etc/containerd/config.toml"), run(["containerd", "config", "default"]));
    const target = findClientTarget("containerd");
    if (target === null) throw new Error("containerd");
    await writeFiles(target, testSettings("https"), merged, false);
    const dump = run(["containerd", "--config", join(merged, "etc/containerd/config.toml"), "config", "dump"]);
    expect(dump).toContain('"/etc/containerd/certs.d"');
  });
});

/** From Docker 23 on. */
function canValidate(): boolean {
  return !missing("dockerd") && Bun.spawnSync(["dockerd", "--help"]).stdout.toString().includes("--validate");
}

const validates = canValidate() || unmet("dockerd cannot check its configuration before version 23").met;
describe.skipIf(!validates)("dockerd", () => {
  for (const mode of ["http", "https", "spoof"] as const) {
    test(`takes daemon.json, mode ${mode}`, async () => {
      const root = await nodeWith("docker", testSettings(mode));
      const { exitCode, stderr } = Bun.spawnSync([
        "dockerd",
        "--validate",
        "--config-file",
        join(root, "etc/docker/daemon.json"),
      ]);
      expect(stderr.toString()).toContain("configuration OK");
      expect(exitCode).toBe(0);
    });
  }
});

describe.skipIf(missing("skopeo", "unshare", "ip") || process.getuid?.() !== 0)("skopeo", () => {
  // What it asks for tells how it has read the file; the server has no images, and need not. In a network of its own,
  // so that a file that it does not understand leads nowhere.
  test("asks the mirror for the upstream's path, and larder for its own", async () => {
    const settings = testSettings("http", {
      registry: "http://127.0.0.1:5000",
      standIns: ["quay.example"],
      fallback: false,
    });
    const [conf, server] = [join(folder, "skopeo.conf"), join(folder, "server.ts")];
    await writeFile(conf, contentOf("skopeo", settings, "/etc/containers/registries.conf.d/50-larder.conf"));
    await writeFile(server, LISTENING_SERVER);
    const inspect = ["quay.example/coreos/etcd:v3", "127.0.0.1:5000/app:v1"].map(
      (image) => `skopeo --registries-conf '${conf}' inspect docker://${image} >&2 || true`,
    );
    const script = `ip link set lo up; '${process.execPath}' '${server}' "${inspect.join("; ")}"`;
    const asked = run(["unshare", "--net", "sh", "-c", script]).trim().split("\n");
    expect(asked).toContain("/v2/quay.example/coreos/etcd/manifests/v3");
    expect(asked).toContain("/v2/app/manifests/v1");
  });
});

describe.skipIf(missing("podman"))("podman", () => {
  test("reads the mirrors of registries.conf.d", async () => {
    const conf = join(folder, "podman.conf");
    await writeFile(
      conf,
      contentOf("podman", testSettings("http"), "/etc/containers/registries.conf.d/50-larder.conf"),
    );
    const storage = join(folder, "storage");
    // podman takes no path above 50 characters for what runs.
    const running = join(folder, "run");
    const info = run(["podman", "--root", storage, "--runroot", running, "info", "--format", "json"], "", {
      CONTAINERS_REGISTRIES_CONF: conf,
    });
    const { registries } = JSON.parse(info) as { registries: Record<string, unknown> };
    expect(registries["docker.io"]).toMatchObject({
      Location: "docker.io",
      Mirrors: [{ Location: "10.0.0.5:5000/docker.io", Insecure: true }],
    });
    expect(registries["10.0.0.5:5000"]).toMatchObject({ Insecure: true });
  });
});

/** dnsmasq has no port of its own choice. */
async function freePort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(resolve));
  return port;
}

describe.skipIf(missing("dnsmasq", "dig"))("dnsmasq", () => {
  test("answers both families, and lets no question about a stand-in go upstream", async () => {
    const root = await nodeWith("dnsmasq", testSettings("spoof", { addresses: ["10.0.0.5"] }));
    const conf = join(root, "etc/dnsmasq.d/larder.conf");
    run(["dnsmasq", "--test", "-C", conf]);

    // The upstream hears what dnsmasq does not keep to itself.
    const heard: string[] = [];
    const upstream = createSocket("udp4").on("message", (message) => heard.push(message.toString("latin1")));
    await new Promise<void>((resolve) => upstream.bind(0, "127.0.0.1", resolve));
    const port = await freePort();
    const upstreamPort = upstream.address().port;
    const flags = ["--keep-in-foreground", "--no-hosts", "--no-resolv", "--bind-interfaces", "--user=", "--pid-file="];
    const where = ["--listen-address=127.0.0.1", `--port=${port}`, `--server=127.0.0.1#${upstreamPort}`];
    const daemon = Bun.spawn(["dnsmasq", ...flags, ...where, "-C", conf], { stderr: "ignore" });
    try {
      // Not in one breath: the upstream has to be heard meanwhile.
      const dig = async (type: string, name: string) => {
        const flags = ["+tries=3", "+timeout=1", "+short"];
        const child = Bun.spawn(["dig", "@127.0.0.1", "-p", String(port), ...flags, name, type]);
        return (await child.stdout.text()).trim();
      };
      // A port that nobody listens on yet refuses at once.
      await until("dnsmasq answers", async () => (await dig("A", "registry-1.docker.io")) === "10.0.0.5");
      expect(await dig("A", "registry-1.docker.io")).toBe("10.0.0.5");
      expect(await dig("A", "registry.k8s.io")).toBe("10.0.0.5");
      expect(await dig("AAAA", "registry-1.docker.io")).toBe("");
      expect(await dig("TYPE65", "docker.io")).toBe("");
      expect(heard).toEqual([]);
    } finally {
      daemon.kill();
      await daemon.exited;
      upstream.close();
    }
  });
});
