import { describe, expect, test } from "bun:test";
import { appendFile, chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { renderScript } from "./render-script.ts";
import { type ClientTarget, clientConfig, clientTargets, findClientTarget } from "../targets/targets.ts";
import { secureSpoofing, testSettings } from "../settings.fixture.ts";
import { SHELLS, TestNode } from "./node.fixture.ts";
import type { ClientSettings } from "../client-settings.ts";

const HOSTS = "127.0.0.1 localhost\n10.1.1.1 db";
const DAEMON = '{\n  "log-driver": "local"\n}';
const CONFIG = 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n  config_path = ""\n';

function targetOf(name: string): ClientTarget {
  const target = findClientTarget(name);
  if (target === null) throw new Error(name);
  return target;
}

function scriptFor(name: string, settings: ClientSettings): string {
  return renderScript(targetOf(name), settings);
}

/** A node that people have worked on. */
async function usedNode(): Promise<TestNode> {
  const node = await TestNode.make();
  await node.put("etc/hosts", HOSTS, 0o664);
  await node.put("etc/docker/daemon.json", DAEMON, 0o600);
  await node.put("etc/containerd/config.toml", CONFIG);
  await node.put("etc/containerd/certs.d/mine.example/hosts.toml", 'server = "https://mine.example"\n');
  await node.put("etc/buildkit/buildkitd.toml", "debug = true\n");
  await node.put("lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n");
  return node;
}

const SH = SHELLS[0];

/** Settings that a target can do. */
function anySettings(target: ClientTarget): ClientSettings {
  return target.modes.includes("http") ? testSettings("http") : secureSpoofing();
}

async function expectRoundTrip(shell: readonly string[], target: ClientTarget): Promise<void> {
  await using node = await usedNode();
  const before = await node.picture();
  const script = renderScript(target, anySettings(target));

  expect(node.run(script, shell)).toEqual({ exitCode: 0, messages: expect.stringContaining("done") as string });
  const joined = await node.picture();
  expect(joined).not.toEqual(before);
  expect(node.run(script, shell).messages).toContain("nothing to do");
  expect(await node.picture()).toEqual(joined);

  expect(node.run(script, shell, "undo").exitCode).toBe(0);
  expect(await node.picture()).toEqual(before);
  expect(node.run(script, shell, "undo").messages).toContain("nothing to undo");
}

// Between them these have every way of merging.
const EVERY_MERGE = ["containerd", "docker", "buildkit", "trust"];

for (const shell of SHELLS) {
  for (const name of EVERY_MERGE) {
    test.skipIf(Bun.which(shell[0]) === null)(
      `the script for ${name} joins, changes nothing the second time, and undo brings all back, under ${shell.join(" ")}`,
      async () => {
        await expectRoundTrip(shell, targetOf(name));
      },
    );
  }
}

test("the scripts of all other targets join, and undo brings all back", async () => {
  for (const target of clientTargets().filter(({ name }) => !EVERY_MERGE.includes(name))) {
    await using node = await usedNode();
    const before = await node.picture();
    const script = renderScript(target, anySettings(target));
    expect(node.run(script, SH)).toEqual({ exitCode: 0, messages: expect.stringContaining("done") as string });
    for (const { path, content, merge } of clientConfig(target, anySettings(target)).files) {
      if (merge.kind === "own") expect(await node.read(path)).toBe(content);
    }
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  }
}, 60_000);

describe("a script", () => {
  test("merges with what others wrote, and keeps its owner and mode", async () => {
    await using node = await usedNode();
    node.run(scriptFor("docker", testSettings("spoof")), SH);
    expect(await node.read("etc/hosts")).toStartWith(`${HOSTS}\n# BEGIN larder docker\n10.0.0.5 docker.io\n`);
    expect(JSON.parse(await node.read("etc/docker/daemon.json"))).toEqual({
      "log-driver": "local",
      "insecure-registries": ["registry-1.docker.io", "registry.k8s.io"],
    });
    expect((await node.picture()).find((line) => line.startsWith("etc/docker/daemon.json"))).toContain(" 100600 ");
  });

  test("reloads Docker when settings come, and restarts it when they go: on a reload it keeps what is no longer there", async () => {
    await using node = await usedNode();
    const script = scriptFor("docker", testSettings("http"));
    expect(node.run(script, SH).messages).toContain("reload docker yourself");
    const other = scriptFor("docker", testSettings("http", { registry: "http://10.0.0.6:5000" }));
    expect(node.run(other, SH).messages).toContain("restart docker yourself");
    expect(node.run(other, SH, "undo").messages).toContain("restart docker yourself");
  });

  test("with other settings replaces what it wrote, and takes away what is no longer wanted", async () => {
    await using node = await usedNode();
    const before = await node.picture();
    node.run(scriptFor("containerd", testSettings("http", { standIns: ["docker.io", "quay.io"] })), SH);
    const second = testSettings("http", { registry: "http://10.0.0.6:5000", standIns: ["docker.io"] });
    expect(node.run(scriptFor("containerd", second), SH).exitCode).toBe(0);
    expect(await node.read("etc/containerd/certs.d/docker.io/hosts.toml")).toContain("10.0.0.6");
    const paths = (await node.picture()).map((line) => line.split(" ")[0]);
    expect(paths).not.toContain("etc/containerd/certs.d/quay.io/hosts.toml");
    expect(node.run(scriptFor("containerd", second), SH, "undo").exitCode).toBe(0);
    expect((await node.picture()).filter((line) => line.includes(" 100"))).toEqual(
      before.filter((line) => line.includes(" 100")),
    );
  });

  test("changes nothing when one of the files is somebody else's", async () => {
    await using node = await usedNode();
    await node.put("etc/containerd/certs.d/registry.k8s.io/hosts.toml", "[host]\n");
    const before = await node.picture();
    const script = scriptFor("containerd", testSettings("http"));
    const refused = node.run(script, SH);
    expect(refused.exitCode).toBe(1);
    expect(refused.messages).toContain(
      "/etc/containerd/certs.d/registry.k8s.io/hosts.toml: line 1 is not of a form that can be merged",
    );
    expect(refused.messages).toContain("nothing was changed");
    expect(await node.picture()).toEqual(before);

    expect(node.run(script, SH, "join", { LARDER_FORCE: "1" }).exitCode).toBe(0);
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  });

  test("is asked before the hosts that a site has in hosts.toml, and goes from among them again", async () => {
    await using node = await usedNode();
    const path = "etc/containerd/certs.d/docker.io/hosts.toml";
    const site =
      'server = "https://registry-1.docker.io"\n[host."https://mirror.example"]\n  capabilities = ["pull"]\n';
    await node.put(path, site);
    const before = await node.picture();
    const script = scriptFor("containerd", testSettings("http"));
    for (let run = 0; run < 2; run++) {
      expect(node.run(script, SH).exitCode).toBe(0);
      expect(hostsIn(await node.read(path))).toEqual(["http://10.0.0.5:5000", "https://mirror.example"]);
    }
    // With another address for larder.
    expect(node.run(scriptFor("containerd", testSettings("http", { registry: "http://10.0.0.6" })), SH).exitCode).toBe(
      0,
    );
    expect(hostsIn(await node.read(path))).toEqual(["http://10.0.0.6", "https://mirror.example"]);
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
    // Changed by the site in the meantime.
    node.run(script, SH);
    await writeFile(join(node.root, path), (await node.read(path)).replace("mirror.example", "other.example"));
    expect(node.run(script, SH).exitCode).toBe(0);
    expect(hostsIn(await node.read(path))).toEqual(["http://10.0.0.5:5000", "https://other.example"]);
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    expect(await node.read(path)).toBe(site.replace("mirror.example", "other.example"));
    // Larder's own, to which somebody added.
    const own = "etc/containerd/certs.d/registry.k8s.io/hosts.toml";
    node.run(script, SH);
    await writeFile(join(node.root, own), `${await node.read(own)}[host."https://b"]\n`);
    expect(node.run(script, SH).exitCode).toBe(0);
    expect(node.run(script, SH, "undo")).toMatchObject({ exitCode: 1 });
    expect(await node.read(own)).toContain("https://b");
  });

  test("is asked before the endpoints that a site has in registries.yaml", async () => {
    for (const product of ["k3s", "rke2"] as const) {
      await using node = await TestNode.make();
      const path = `etc/rancher/${product}/registries.yaml`;
      await node.put(path, 'mirrors:\n  docker.io:\n    endpoint: ["https://mirror.example"] # ours\n', 0o600);
      const before = await node.picture();
      const script = scriptFor(product, testSettings("https"));
      for (let run = 0; run < 2; run++) expect(node.run(script, SH)).toMatchObject({ exitCode: 0 });
      expect(await node.read(path)).toContain('endpoint: ["https://larder.lan", "https://mirror.example"] # ours\n');
      expect(node.run(script, SH, "undo").exitCode).toBe(0);
      expect(await node.picture()).toEqual(before);
      const alone = node.run(scriptFor(product, testSettings("https", { fallback: false })), SH);
      expect(alone.messages).toContain("line 2: it has others asked for docker.io, and larder alone is to be asked");
      expect(alone.messages).toContain("LARDER_FORCE=1");
      expect(await node.picture()).toEqual(before);
      const forced = scriptFor(product, testSettings("https", { fallback: false }));
      expect(node.run(forced, SH, "join", { LARDER_FORCE: "1" }).exitCode).toBe(0);
      expect(await node.read(path)).not.toContain("mirror.example");
      expect(node.run(forced, SH, "undo").exitCode).toBe(0);
      expect(await node.picture()).toEqual(before);
    }
  });

  test("leaves a file that says the same already to whoever wrote it", async () => {
    await using node = await TestNode.make();
    await node.put(
      "etc/docker/daemon.json",
      '{"insecure-registries":["10.0.0.5:5000"],"registry-mirrors":["http://10.0.0.5:5000"]}',
    );
    const before = await node.read("etc/docker/daemon.json");
    const script = scriptFor("docker", testSettings("http"));
    node.run(script, SH);
    node.run(script, SH, "undo");
    expect(await node.read("etc/docker/daemon.json")).toBe(before);
  });

  test("refuses a file that it cannot read with certainty", async () => {
    await using node = await usedNode();
    await node.put("etc/docker/daemon.json", "{ this is not JSON }");
    const before = await node.picture();
    const result = node.run(scriptFor("docker", testSettings("http")), SH);
    expect(result).toEqual({ exitCode: 1, messages: expect.stringContaining("not valid JSON") as string });
    expect(await node.picture()).toEqual(before);
  });

  test("refuses buildkitd.toml with registries of its own, and prints what to add", async () => {
    await using node = await usedNode();
    await node.put("etc/buildkit/buildkitd.toml", '[registry."docker.io"]\n  mirrors = ["mirror.example"]\n');
    const result = node.run(scriptFor("buildkit", testSettings("http")), SH);
    expect(result.exitCode).toBe(1);
    expect(result.messages).toContain('mirrors = ["10.0.0.5:5000"]');
  });

  test("refuses flags of dockerd that daemon.json must not repeat, and the other way round", async () => {
    await using node = await usedNode();
    await node.put(
      "etc/systemd/system/docker.service.d/10-mine.conf",
      "[Service]\nExecStart=/usr/bin/dockerd --registry-mirror=https://m\n",
    );
    const byJson = node.run(scriptFor("docker", testSettings("http")), SH);
    expect(byJson.exitCode).toBe(1);
    expect(byJson.messages).toContain(
      "/etc/systemd/system/docker.service.d/10-mine.conf:2: it passes --registry-mirror",
    );

    await node.put("etc/docker/daemon.json", '{"registry-mirrors": []}');
    const byFlags = node.run(scriptFor("docker-systemd", testSettings("http")), SH);
    expect(byFlags.exitCode).toBe(1);
    expect(byFlags.messages).toContain("/etc/docker/daemon.json: it has registry-mirrors");
  });

  test("refuses the drop-in where the unit does not use it", async () => {
    await using node = await usedNode();
    await node.put("lib/systemd/system/docker.service", "[Service]\nExecStart=/usr/bin/dockerd -H fd://\n");
    const result = node.run(scriptFor("docker-systemd", testSettings("http")), SH);
    expect(result.messages).toContain(
      "docker.service does not pass $DOCKER_OPTS to dockerd here: use the target docker",
    );
  });

  test("refuses folders, dangling links and a torn block in a file's place", async () => {
    for (const spoil of [
      (node: TestNode) => mkdir(join(node.root, "etc/hosts")),
      (node: TestNode) => symlink("nowhere", join(node.root, "etc/hosts")),
      (node: TestNode) => node.put("etc/hosts", "# BEGIN larder hosts\n10.0.0.5 docker.io\n"),
    ]) {
      await using node = await usedNode();
      await rm(join(node.root, "etc/hosts"));
      await spoil(node);
      const before = await node.picture();
      expect(node.run(scriptFor("hosts", testSettings("spoof")), SH).exitCode).toBe(1);
      expect(await node.picture()).toEqual(before);
    }
  });

  test("writes through a link", async () => {
    await using node = await usedNode();
    await rm(join(node.root, "etc/hosts"));
    await node.put("etc/real-hosts", HOSTS);
    await symlink("real-hosts", join(node.root, "etc/hosts"));
    const before = await node.picture();
    const script = scriptFor("hosts", testSettings("spoof"));
    node.run(script, SH);
    expect(await node.read("etc/real-hosts")).toContain("10.0.0.5 docker.io");
    node.run(script, SH, "undo");
    expect(await node.picture()).toEqual(before);
  });

  test("does nothing when it was cut short on its way", async () => {
    await using node = await usedNode();
    const before = await node.picture();
    const script = scriptFor("containerd", testSettings("http"));
    for (const share of [0.2, 0.5, 0.8, 0.999]) node.run(script.slice(0, script.length * share), SH);
    expect(await node.picture()).toEqual(before);
  });

  test("chooses the configuration version by what containerd says", async () => {
    for (const [version, table] of [
      ["containerd github.com/containerd/containerd 1.6.20~ds1 x", "io.containerd.grpc.v1.cri"],
      ["containerd github.com/containerd/containerd/v2 v2.1.4 abc", "io.containerd.cri.v1.images"],
    ] as const) {
      await using node = await TestNode.make();
      const fake = join(node.root, "containerd");
      // 'config dump' answers with the file that it was given.
      await node.put("containerd", `#!/bin/sh\nif [ "$1" = --version ]; then echo '${version}'; else cat "$2"; fi\n`);
      await chmod(fake, 0o755);
      node.run(scriptFor("containerd", testSettings("http")), SH, "join", { LARDER_CONTAINERD: fake });
      expect(await node.read("etc/containerd/config.toml")).toContain(`[plugins."${table}".registry]`);
    }
  });

  test("does not write a config.toml that containerd does not take", async () => {
    await using node = await usedNode();
    const fake = join(node.root, "containerd");
    await node.put(
      "containerd",
      "#!/bin/sh\nif [ \"$1\" = --version ]; then echo 'containerd c 1.7.1'; else exit 1; fi\n",
    );
    await chmod(fake, 0o755);
    const before = await node.picture();
    const result = node.run(scriptFor("containerd", testSettings("http")), SH, "join", { LARDER_CONTAINERD: fake });
    expect(result).toEqual({ exitCode: 1, messages: expect.stringContaining("containerd does not take") as string });
    expect(await node.picture()).toEqual(before);
  });

  test("puts the CA where the system takes it", async () => {
    const places = {
      "etc/pki/ca-trust/source/anchors/README": "etc/pki/ca-trust/source/anchors/larder.crt",
      "etc/ca-certificates/trust-source/anchors/README": "etc/ca-certificates/trust-source/anchors/larder.crt",
      "usr/local/share/ca-certificates/README": "usr/local/share/ca-certificates/larder.crt",
    };
    for (const [sign, place] of Object.entries(places)) {
      await using node = await TestNode.make();
      await node.put(sign, "");
      node.run(scriptFor("trust", testSettings("https")), SH);
      expect(await node.read(place)).toContain("BEGIN CERTIFICATE");
    }
    await using flatcar = await TestNode.make();
    await flatcar.put("etc/os-release", "NAME=x\nID=flatcar\n");
    flatcar.run(scriptFor("trust", testSettings("https")), SH);
    expect(await flatcar.read("etc/ssl/certs/larder.pem")).toContain("BEGIN CERTIFICATE");
  });
});

describe("undo", () => {
  test("takes its block out of a hosts file that others have changed since", async () => {
    await using node = await usedNode();
    const script = scriptFor("hosts", testSettings("spoof"));
    node.run(script, SH);
    await appendFile(join(node.root, "etc/hosts"), "10.1.1.2 cache\n");
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    expect(await node.read("etc/hosts")).toBe(`${HOSTS}\n10.1.1.2 cache\n`);
  });

  test("leaves another file that was changed since, says so, and obeys LARDER_FORCE", async () => {
    await using node = await usedNode();
    const script = scriptFor("docker", testSettings("http"));
    node.run(script, SH);
    const changed = '{"data-root": "/srv"}\n';
    await node.put("etc/docker/daemon.json", changed, 0o600);
    const left = node.run(script, SH, "undo");
    expect(left.exitCode).toBe(1);
    expect(left.messages).toContain("/etc/docker/daemon.json was changed after larder wrote it");
    expect(await node.read("etc/docker/daemon.json")).toBe(changed);
    expect(node.run(script, SH, "undo", { LARDER_FORCE: "1" }).exitCode).toBe(0);
    expect(await node.read("etc/docker/daemon.json")).toBe(DAEMON);
  });

  test("works without the script, by the copy beside the backups", async () => {
    await using node = await usedNode();
    const before = await node.picture();
    node.run(scriptFor("containerd", testSettings("http")), SH);
    const { exitCode } = Bun.spawnSync(["sh", join(node.root, "var/lib/larder-client/containerd/undo.sh")]);
    expect(exitCode).toBe(0);
    expect(await node.picture()).toEqual(before);
  });

  test("of one target leaves the others alone, in any order", async () => {
    await using node = await usedNode();
    const before = await node.picture();
    const [a, b] = [scriptFor("hosts", testSettings("spoof")), scriptFor("containerd", testSettings("spoof"))];
    node.run(a, SH);
    node.run(b, SH);
    expect(node.run(a, SH, "undo").exitCode).toBe(0);
    expect(await node.read("etc/hosts")).toContain("# BEGIN larder containerd");
    expect(node.run(b, SH, "undo").exitCode).toBe(0);
    const contents = (picture: readonly string[]) => picture.filter((line) => !line.startsWith("etc/hosts"));
    expect(contents(await node.picture())).toEqual(contents(before));
    // The end of a last line that had none is the one trace of two blocks that left in the order they came.
    expect(await node.read("etc/hosts")).toBe(`${HOSTS}\n`);
  });

  test("after a run that was interrupted puts back what was written", async () => {
    await using node = await usedNode();
    const before = await node.picture();
    const script = scriptFor("containerd", testSettings("http"));
    // A folder in the way of a temporary name stops the writing half way.
    await mkdir(join(node.root, "etc/containerd/certs.d/registry.k8s.io/hosts.toml.larder"), { recursive: true });
    expect(node.run(script, SH).exitCode).not.toBe(0);
    expect(await node.read("etc/containerd/config.toml")).not.toBe(CONFIG);
    expect(node.run(script, SH, "undo").exitCode).toBe(0);
    await rm(join(node.root, "etc/containerd/certs.d/registry.k8s.io"), { recursive: true });
    expect(await node.picture()).toEqual(before);
  });
});

/** The hosts of a hosts.toml, in their order. */
function hostsIn(text: string): readonly string[] {
  return Object.keys((Bun.TOML.parse(text) as { host: object }).host);
}
