import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { ClientSettings } from "../clients/client-settings.ts";
import { registriesConf } from "../clients/targets/containers.ts";
import { type ClientTarget, findClientTarget } from "../clients/targets/targets.ts";
import { secureSpoofing, TEST_CA, testSettings } from "../clients/settings.fixture.ts";
import { writeFiles } from "../clients/deliver/write-files.ts";
import { examineRuntime, readRuntimes, type RuntimeReport } from "./examine-runtime.ts";
import { NodeFiles } from "./node-files.ts";
import type { Probe, ProbeOrigin, Trust } from "./probe.ts";

const STAND_INS = ["docker.io", "registry.k8s.io"];
const LARDERS = registriesConf(testSettings("http"));
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-doctor-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Files of a node, as texts or as a target writes them. */
async function node(made: Record<string, string> | [string, ClientSettings]): Promise<NodeFiles> {
  const root = await mkdtemp(join(folder, "node-"));
  if (Array.isArray(made)) await writeFiles(findClientTarget(made[0]) as ClientTarget, made[1], root, false);
  else {
    for (const [path, text] of Object.entries(made)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  }
  return new NodeFiles(root);
}

async function examine(files: NodeFiles, probe: ProbeOrigin): Promise<readonly RuntimeReport[]> {
  const setups = await readRuntimes(files, async () => null, Date.now);
  return Promise.all(setups.map((setup) => examineRuntime(setup, STAND_INS, files, probe)));
}

function larderAt(...origins: string[]): { probe: ProbeOrigin; asked: [string, Trust][] } {
  const asked: [string, Trust][] = [];
  const probe = async (origin: string, trust: Trust): Promise<Probe> => {
    asked.push([origin, trust]);
    const isThere = origins.includes(origin);
    return { origin, who: isThere ? "larder" : "nobody", refusal: null, silence: isThere ? null : "refused" };
  };
  return { probe, asked };
}

const WAYS: readonly [string, string, ClientSettings, string[]][] = [
  ["containerd", "containerd", testSettings("http"), ["http://10.0.0.5:5000"]],
  ["containerd", "containerd", testSettings("http", { registry: "http://[fd00::5]:5000" }), ["http://[fd00::5]:5000"]],
  ["containerd", "containerd", testSettings("https"), ["https://larder.lan"]],
  ["containerd", "containerd", secureSpoofing(), ["https://registry-1.docker.io", "https://registry.k8s.io"]],
  ["containers", "containers", testSettings("http"), ["http://10.0.0.5:5000"]],
  ["containers", "containers", testSettings("https"), ["https://larder.lan"]],
  ["containers", "containers", testSettings("https", { fallback: false }), ["https://larder.lan"]],
  ["containers", "containers", testSettings("spoof"), ["http://registry-1.docker.io", "http://registry.k8s.io"]],
  ["containers", "containers", secureSpoofing(), ["https://registry-1.docker.io", "https://registry.k8s.io"]],
  ["docker", "docker", testSettings("http"), ["http://10.0.0.5:5000"]],
  ["docker", "docker", testSettings("spoof"), ["http://registry-1.docker.io", "http://registry.k8s.io"]],
  ["k3s", "k3s", testSettings("http"), ["http://10.0.0.5:5000"]],
  ["rke2", "rke2", testSettings("https"), ["https://larder.lan"]],
];

describe("the files that larder writes", () => {
  test.each(WAYS)("for %s are read as bringing %s to larder", async (target, runtime, settings, origins) => {
    const { probe, asked } = larderAt(...origins);
    const [report, ...others] = await examine(await node([target, settings]), probe);
    expect([report?.runtime, others]).toEqual([runtime, []]);
    expect([...(report?.broughtHere ?? [])].sort()).toEqual(STAND_INS);
    expect(report?.findings.map(({ status }) => status)).not.toContain("fail");
    const trusted = asked.filter(([origin]) => origin === origins[0]).map(([, { caPem }]) => caPem);
    if (settings.ca !== null) expect(trusted).toContain(TEST_CA);
  });

  test("may have a site's own mirrors behind larder, which nobody needs to answer", async () => {
    for (const [target, path, mirrors] of [
      ["containerd", "etc/containerd/certs.d/docker.io/hosts.toml", '[host."http://127.0.0.1:9"]\n'],
      ["k3s", "etc/rancher/k3s/registries.yaml", 'mirrors:\n  docker.io:\n    endpoint: ["http://127.0.0.1:9"]\n'],
    ] as const) {
      const root = await mkdtemp(join(folder, "node-"));
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), mirrors);
      await writeFiles(findClientTarget(target) as ClientTarget, testSettings("http"), root, false);
      const [report] = await examine(new NodeFiles(root), larderAt("http://10.0.0.5:5000").probe);
      expect(report?.findings.map(({ status }) => status)).toEqual(["ok"]);
      const [alone] = await examine(new NodeFiles(root), larderAt().probe);
      expect(alone?.findings.map(({ status }) => status)).toContain("fail");
    }
  });

  test("say of larder that is gone where nobody answers", async () => {
    const [report] = await examine(await node(["containerd", testSettings("http")]), larderAt().probe);
    expect(report?.broughtHere.size).toBe(0);
    expect(report?.findings).toMatchObject([
      {
        status: "fail",
        message: expect.stringContaining("http://10.0.0.5:5000 for docker.io, registry.k8s.io, and nobody"),
      },
    ]);
  });
});

describe("files that somebody broke", () => {
  const cases: [string, Record<string, string>, string][] = [
    ["hosts.toml", { "etc/containerd/certs.d/docker.io/hosts.toml": "server = [" }, "hosts.toml cannot be understood"],
    [
      "config.toml without config_path",
      {
        "etc/containerd/config.toml": "version = 2\n",
        "etc/containerd/certs.d/docker.io/hosts.toml": '[host."http://10.0.0.5:5000"]\n',
      },
      "has no config_path",
    ],
    ["a drop-in", { "etc/containers/registries.conf.d/x.conf": "[[registry]\n" }, "x.conf: it cannot be understood"],
    [
      "a drop-in of others that is read after larder's",
      {
        "etc/containers/registries.conf.d/50-larder.conf": LARDERS,
        "etc/containers/registries.conf.d/99-site.conf": '\n[[registry]]\nlocation = "docker.io"\n',
      },
      "99-site.conf:2: its table for docker.io is read after larder's",
    ],
    [
      "a narrower table",
      {
        "etc/containers/registries.conf": '[[registry]]\nprefix = "docker.io/library"\nlocation = "x.example"\n',
        "etc/containers/registries.conf.d/50-larder.conf": LARDERS,
      },
      "registries.conf:1: its table for docker.io/library counts more",
    ],
    [
      "root's own registries.conf",
      {
        "root/.config/containers/registries.conf": "",
        "etc/containers/registries.conf.d/50-larder.conf": LARDERS,
      },
      "/root/.config/containers/registries.conf: where it is",
    ],
    [
      "an IPv6 address as a mirror",
      {
        "etc/containers/registries.conf":
          '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "[fd00::5]:5000/docker.io"\ninsecure = true\n',
      },
      "registries.conf:1: docker.io is to come from [fd00::5]:5000/docker.io; these runtimes take no IPv6",
    ],
    ["daemon.json", { "etc/docker/daemon.json": '{"registry-mirrors": "x"}' }, "daemon.json cannot be understood"],
    [
      "a flag of dockerd beside daemon.json",
      {
        "etc/docker/daemon.json": '{"registry-mirrors": ["http://10.0.0.5:5000"]}',
        "etc/conf.d/docker": 'DOCKER_OPTS="--registry-mirror=http://x"\n',
      },
      "/etc/conf.d/docker:1: it passes --registry-mirror to dockerd",
    ],
    [
      "a daemon.json that the dockerd which runs does not read",
      {
        "etc/docker/daemon.json": '{"registry-mirrors": ["http://10.0.0.5:5000"]}',
        "proc/9/comm": "dockerd\n",
        "proc/9/cmdline": "dockerd\0--config-file=/opt/x.json\0",
      },
      "the dockerd that runs (process 9): dockerd reads /opt/x.json instead",
    ],
    ["registries.yaml", { "etc/rancher/k3s/registries.yaml": "mirrors: [" }, "registries.yaml cannot be understood"],
  ];

  test.each(cases)("%s", async (_, texts, message) => {
    const reports = await examine(await node(texts), larderAt("http://10.0.0.5:5000").probe);
    const failed = reports.flatMap(({ findings }) => findings).filter(({ status }) => status === "fail");
    expect(failed.map((finding) => finding.message).join("\n")).toContain(message);
  });
});

test("a certificate that is refused stops a pull, and other registries are nobody's concern", async () => {
  const files = await node({
    "etc/docker/daemon.json":
      '{"registry-mirrors": ["https://larder.lan"], "insecure-registries": ["10.0.0.0/8", "corp:1"]}',
  });
  const probe: ProbeOrigin = async (origin) => ({ origin, who: "larder", refusal: "unknown authority", silence: null });
  const [report] = await examine(files, probe);
  expect(report?.broughtHere.size).toBe(0);
  expect(report?.findings).toMatchObject([{ status: "fail", message: expect.stringContaining("unknown authority") }]);
});

test("a machine without runtimes has none", async () => {
  expect(await readRuntimes(await node({ "etc/hosts": "" }), async () => null, Date.now)).toEqual([]);
});

test("a registry that others lead elsewhere, block, or lead here for some pulls alone is not brought to larder", async () => {
  const mirror = '[[registry.mirror]]\nlocation = "10.0.0.5:5000/docker.io"\ninsecure = true\n';
  for (const [name, text] of [
    ["99-site.conf", '[[registry]]\nlocation = "docker.io"\n'],
    ["99-site.conf", `[[registry]]\nlocation = "docker.io"\nmirror-by-digest-only = true\n${mirror}`],
    ["99-site.conf", `[[registry]]\nlocation = "docker.io"\nblocked = true\n${mirror}`],
    ["00-site.conf", `[[registry]]\nlocation = "docker.io"\n`],
  ] as const) {
    const files = await node({
      "etc/containers/registries.conf.d/50-larder.conf": LARDERS,
      [`etc/containers/registries.conf.d/${name}`]: text,
    });
    const [report] = await examine(files, larderAt("http://10.0.0.5:5000").probe);
    const expected = name === "00-site.conf" ? STAND_INS : ["registry.k8s.io"];
    expect([...(report?.broughtHere ?? [])].sort()).toEqual(expected);
    expect(report?.findings.some(({ status }) => status === "fail")).toBe(name !== "00-site.conf");
  }
});

test("flags of the dockerd that runs bring it to larder as well", async () => {
  const files = await node({
    "proc/9/comm": "dockerd\n",
    "proc/9/cmdline": "dockerd\0--registry-mirror\0http://10.0.0.5:5000\0--insecure-registry=10.0.0.5:5000\0",
  });
  const [report] = await examine(files, larderAt("http://10.0.0.5:5000").probe);
  expect([report?.runtime, [...(report?.broughtHere ?? [])]]).toEqual(["docker", ["docker.io"]]);
});
