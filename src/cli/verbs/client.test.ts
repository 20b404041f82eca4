import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TEST_CA } from "../../clients/settings.fixture.ts";
import { clientCommand } from "./client.ts";
import { CommandFailure, type CommandIo } from "../../lib/command/command-io.ts";

type Run = { readonly stdout: string; readonly stderr: string; readonly status: number };

async function larder(args: readonly string[], environment: Record<string, string> = {}): Promise<Run> {
  const [stdout, stderr]: [string[], string[]] = [[], []];
  const io: CommandIo = {
    stdout: { isTerminal: false, write: (text) => void stdout.push(text) },
    stderr: { isTerminal: false, write: (text) => void stderr.push(text) },
    environment,
    signal: new AbortController().signal,
  };
  const command = clientCommand(io)
    .exitOverride()
    .configureOutput({ writeErr: (text) => void stderr.push(text) });
  let status = 0;
  try {
    await command.parseAsync(args, { from: "user" });
  } catch (error) {
    status = error instanceof CommandFailure ? error.exitStatus : 2;
    stderr.push(error instanceof Error ? error.message : String(error));
  }
  return { stdout: stdout.join(""), stderr: stderr.join(""), status };
}

const OFFLINE = ["--no-ask", "--registry", "http://10.0.0.5:5000", "--stand-in", "quay.io"];
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-client-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("larder client", () => {
  test("alone lists the targets with their modes", async () => {
    const { stdout, status } = await larder([]);
    expect(status).toBe(0);
    expect(stdout).toContain("containers, crio, cri-o, podman, buildah, skopeo");
    expect(stdout).toMatch(/^xcluster +xcluster's overlay private-reg \(spoof\)$/m);
  });

  test("prints files, with remarks on standard error", async () => {
    const { stdout, stderr } = await larder(["containerd", ...OFFLINE]);
    expect(stdout).toContain('[host."http://10.0.0.5:5000"]');
    expect(stderr).toContain("--hosts-dir");
  });

  test("prints a script that runs, and undoes", async () => {
    const { stdout } = await larder(["crio", ...OFFLINE, "--script"]);
    const run = (word: string) =>
      Bun.spawnSync(["sh", "-s", word], { stdin: Buffer.from(stdout), env: { ...process.env, LARDER_ROOT: folder } });
    expect(run("join").exitCode).toBe(0);
    const path = join(folder, "etc/containers/registries.conf.d/50-larder.conf");
    expect(await readFile(path, "utf8")).toContain('location = "10.0.0.5:5000/quay.io"');
    expect(run("undo").exitCode).toBe(0);
    expect(await Bun.file(path).exists()).toBe(false);
  });

  test("writes a folder, and fails when a file is in the way", async () => {
    const out = join(folder, "out");
    expect((await larder(["k3s", ...OFFLINE, "--out", out])).stderr).toContain(
      "written /etc/rancher/k3s/registries.yaml",
    );
    await writeFile(join(out, "etc/rancher/k3s/registries.yaml"), "mirrors: {}\n");
    const second = await larder(["k3s", ...OFFLINE, "--out", out]);
    expect(second.status).toBe(1);
    expect(second.stderr).toContain("left /etc/rancher/k3s/registries.yaml: ");
    expect((await larder(["k3s", ...OFFLINE, "--out", out, "--overwrite"])).status).toBe(0);
  });

  test("writes xcluster's overlay to a file and to standard output, with the hosts of $__dns_spoof", async () => {
    const list = join(folder, "spoofed");
    await writeFile(list, "# comment\ndocker.io\nregistry-1.docker.io\n\nk8s.gcr.io\n");
    const args = ["--no-ask", "--registry", "http://172.17.0.2"];
    const piped = await larder(["xcluster", "-", ...args], { __dns_spoof: list });
    const tar = join(folder, "overlay.tar");
    expect((await larder(["xcluster", tar, ...args], { __dns_spoof: list })).status).toBe(0);
    expect(piped.stdout).toBe(await readFile(tar, "utf8"));
    const spoofed = Bun.spawnSync(["tar", "-xOf", tar, "etc/spoofed-hosts"]).stdout.toString();
    expect(spoofed).toContain("172.17.0.2 k8s.gcr.io\n");
    expect(spoofed).toContain("172.17.0.2 example.com\n");
  });

  test("spoofs the hosts of $__dns_spoof alone, and mirrors all", async () => {
    const list = join(folder, "spoofed-alone");
    await writeFile(list, "k8s.gcr.io\n");
    const args = ["--no-ask", "--registry", "http://10.0.0.5"];
    const hosts = await larder(["hosts", ...args], { __dns_spoof: list });
    expect(hosts.stdout).toEndWith("10.0.0.5 k8s.gcr.io\n");
    const mirrors = await larder(["k3s", ...args, "--stand-in", "quay.io"], { __dns_spoof: list });
    expect(mirrors.stdout).toContain("quay.io");
    expect(mirrors.stdout).not.toContain("k8s.gcr.io");
  });

  test("spoofs where a target can do nothing else, to the registry's own address", async () => {
    const { stdout } = await larder(["hosts", "--no-ask", "--registry", "http://[fd00::5]", "--stand-in", "quay.io"]);
    expect(stdout).toEndWith("fd00::5 quay.io\n");
  });

  test("says what is wrong with what it was given", async () => {
    const wrong: readonly (readonly [readonly string[], number, string])[] = [
      [["contained"], 2, 'no target "contained"'],
      [["containerd", ...OFFLINE, "--mode", "ftp"], 2, "Allowed choices"],
      [["containerd", ...OFFLINE, "--mode", "https"], 1, "needs an https address"],
      [["kind", ...OFFLINE, "--mode", "spoof", "--registry", "http://10.0.0.5"], 1, "kind cannot do mode spoof"],
      [["hosts", ...OFFLINE], 1, "port 80 alone"],
      [["containerd", ...OFFLINE, "--stand-in", join(folder, "none")], 2, "none"],
      [["containerd", ...OFFLINE, "--ca", join(folder, "none")], 2, "--ca"],
      [["containerd", ...OFFLINE, "--script", "--out", folder], 2, "cannot be used with"],
      [["containerd", "--no-ask", "--registry", "http://10.0.0.5:5000"], 1, "--stand-in"],
    ];
    for (const [args, status, message] of wrong) {
      const run = await larder(args);
      expect(run.stderr).toContain(message);
      expect(run.status).toBe(status);
      expect(run.stdout).toBe("");
    }
  });
});

describe("larder client, with a server that answers", () => {
  async function withServer(said: object, use: (registry: string) => Promise<void>): Promise<void> {
    await using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => Response.json(said) });
    await use(`http://127.0.0.1:${server.port}`);
  }

  const said = {
    standIns: ["ghcr.io"],
    ca: TEST_CA,
    http: ["http://larder.lan:5000", "http://larder.lan"],
    https: ["https://larder.lan"],
    addresses: ["10.0.0.5", "fd00::5"],
  };

  test("takes its stand-in hosts", async () => {
    await withServer(said, async (registry) => {
      const { stdout, stderr } = await larder(["containerd", "--registry", registry]);
      expect(stdout).toContain("/etc/containerd/certs.d/ghcr.io/hosts.toml");
      expect(stdout).toContain(`[host."${registry}"]`);
      expect(stderr).toContain("each machine itself");
    });
  });

  test("takes its HTTPS address and its CA, whose fingerprint it shows", async () => {
    await withServer(said, async (registry) => {
      const { stdout, stderr } = await larder(["containerd", "--mode", "https"], { LOCAL_REGISTRY: registry });
      expect(stdout).toContain('[host."https://larder.lan"]');
      expect(stdout).toContain(TEST_CA);
      expect(stderr).toMatch(/SHA-256 fingerprint (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/);
    });
  });

  test("spoofs to its addresses, over HTTPS when there is a CA", async () => {
    await withServer(said, async (registry) => {
      const { stdout } = await larder(["containerd", "--mode", "spoof", "--registry", registry]);
      expect(stdout).toContain('[host."https://ghcr.io"]');
      expect(stdout).toContain("10.0.0.5 ghcr.io\nfd00::5 ghcr.io\n");
    });
    await withServer({ ...said, ca: null, https: [] }, async (registry) => {
      const { stdout } = await larder(["containerd", "--mode", "spoof", "--registry", registry]);
      expect(stdout).toContain('[host."http://ghcr.io"]');
    });
  });

  test("goes by the flags when nobody answers, and fails without any", async () => {
    const registry = "http://127.0.0.1:1";
    const given = await larder(["containerd", "--registry", registry, "--stand-in", "quay.io"]);
    expect(given.status).toBe(0);
    expect(given.stderr).toContain("no larder answers");
    const nothing = await larder(["containerd", "--registry", registry]);
    expect(nothing.status).toBe(1);
    expect(nothing.stderr).toContain("--stand-in HOST|FILE");
  });
});
