/** What is told of a node's containerd: which one counts, what its configuration comes to, and whether it has read it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { examineRuntime, readRuntimes } from "./examine-runtime.ts";
import { NodeFiles } from "./node-files.ts";
import type { ProbeOrigin } from "./probe.ts";

const NOW_MS = Date.parse("2026-01-01T12:00:00Z");
/** By the fake `/proc`, it was started an hour ago: the machine runs for 10,000 s, and that was at 6,400 s. */
const RUNNING = {
  "proc/uptime": "10000.00 9000.00\n",
  "proc/7/comm": "containerd\n",
  "proc/7/stat": `7 (containerd) S ${Array(18).fill("0").join(" ")} 640000 1 2\n`,
  "proc/7/cmdline": "/usr/bin/containerd\0",
};
const HOSTS = { "etc/containerd/certs.d/docker.io/hosts.toml": '[host."http://10.0.0.5:5000"]\n' };
const TABLE = '[plugins."io.containerd.cri.v1.images".registry]\n';
const RIGHT = `version = 3\n${TABLE}config_path = "/etc/containerd/certs.d"\n`;
const LIST = `version = 3\n${TABLE}config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"\n`;
const MIRRORS = `version = 3\n[plugins."io.containerd.cri.v1.images".registry.mirrors."docker.io"]\nendpoint = ["https://m"]\n`;
const DUMP = "/proc/7/exe --config /etc/containerd/config.toml config dump";
const VERSION = "/proc/7/exe --version";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-doctor-containerd-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every file was changed two hours ago, those of `recent` half an hour ago. */
async function find(
  texts: Readonly<Record<string, string>>,
  said: Readonly<Record<string, string>> = {},
  recent: readonly string[] = [],
): Promise<{ failed: readonly string[]; brought: readonly string[] }> {
  const root = await mkdtemp(join(folder, "node-"));
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
    const changed = new Date(NOW_MS - (recent.includes(path) ? 0.5 : 2) * 3_600_000);
    await utimes(join(root, path), changed, changed);
  }
  const files = new NodeFiles(root);
  const [setup] = await readRuntimes(
    files,
    async (argv) => said[argv.join(" ")] ?? null,
    () => NOW_MS,
  );
  if (setup === undefined) return { failed: [], brought: [] };
  const probe: ProbeOrigin = async (origin) => {
    const who = origin === "http://10.0.0.5:5000" ? "larder" : "registry";
    return { origin, who, refusal: null, silence: null };
  };
  const { findings, broughtHere } = await examineRuntime(setup, ["docker.io", "quay.io"], files, probe);
  const failed = findings.filter(({ status }) => status === "fail").map(({ message }) => message);
  return { failed, brought: [...broughtHere] };
}

const CONFIG = "etc/containerd/config.toml";

describe("a containerd that runs", () => {
  test("and has read a configuration that is right comes to larder", async () => {
    expect(await find({ ...RUNNING, ...HOSTS, [CONFIG]: RIGHT })).toEqual({ failed: [], brought: ["docker.io"] });
  });

  const flaws: readonly [string, Record<string, string>, Record<string, string>, string][] = [
    ["without a configuration", {}, {}, "has no config_path"],
    [
      "whose imports decide otherwise",
      { [CONFIG]: RIGHT },
      { [DUMP]: `version = 3\n${TABLE}` },
      "and what it imports has no",
    ],
    ["with a list", { [CONFIG]: LIST }, {}, "is the list /etc/containerd/certs.d:/etc/docker/certs.d"],
    ["with a list, 2.1", { [CONFIG]: LIST }, { [VERSION]: "containerd c v2.1.0 x" }, "is the list"],
    ["with mirrors", { [CONFIG]: MIRRORS }, {}, "in the old way (mirrors): hosts.toml files are not read"],
    [
      "of k3s",
      { "proc/7/cmdline": "containerd\0-c\0/var/lib/rancher/k3s/agent/etc/containerd/config.toml\0" },
      {},
      "is read by nobody",
    ],
  ];
  test.each(flaws)("%s does not", async (_, texts, said, message) => {
    const { failed, brought } = await find({ ...RUNNING, ...HOSTS, ...texts }, said);
    expect(failed).toEqual([expect.stringContaining(message) as string]);
    expect(brought).toEqual([]);
  });

  test("takes a list where it is old, or pulls as old ones do", async () => {
    const old = { [VERSION]: "containerd github.com/containerd/containerd 1.6.20~ds1 x" };
    expect(await find({ ...RUNNING, ...HOSTS, [CONFIG]: LIST }, old)).toEqual({ failed: [], brought: ["docker.io"] });
    const itself = LIST.replace(
      TABLE,
      `[plugins."io.containerd.cri.v1.images"]\nuse_local_image_pull = true\n${TABLE}`,
    );
    expect((await find({ ...RUNNING, ...HOSTS, [CONFIG]: itself })).failed).toEqual([]);
  });

  test("is meant, and not Docker's beside it", async () => {
    const docker = { "proc/3/comm": "containerd\n", "proc/3/cmdline": "containerd\0" };
    const kubernetes = { "proc/7/cmdline": "containerd\0--config=/etc/k.toml\0", "etc/k.toml": RIGHT };
    const both = { ...RUNNING, ...docker, ...kubernetes, ...HOSTS, [CONFIG]: 'disabled_plugins = ["cri"]\n' };
    expect(await find(both)).toEqual({ failed: [], brought: ["docker.io"] });
    expect((await find({ ...both, "etc/k.toml": "version = 3\n" })).failed).toEqual([
      expect.stringContaining("/etc/k.toml has no config_path") as string,
    ]);
  });

  test("has not read what was changed since it was started: its file, or one that is imported", async () => {
    const files = {
      ...RUNNING,
      ...HOSTS,
      [CONFIG]: `imports = ["conf.d/*.toml"]\n${RIGHT}`,
      "etc/containerd/conf.d/a.toml": 'imports = ["/etc/b.toml", "/etc/gone.toml"]\n',
      "etc/b.toml": "",
    };
    expect(await find(files)).toEqual({ failed: [], brought: ["docker.io"] });
    for (const path of [CONFIG, "etc/containerd/conf.d/a.toml", "etc/b.toml"]) {
      expect(await find(files, {}, [path])).toEqual({
        failed: [`the containerd that runs (process 7) was started before /${path} was changed, and has not read it`],
        brought: [],
      });
    }
  });
});

test("a file of others that leads one registry elsewhere is told of, on a node that comes to larder for the rest", async () => {
  const quay = { "etc/containerd/certs.d/quay.io/hosts.toml": '[host."http://mirror.example"]\n' };
  expect(await find({ ...HOSTS, ...quay, [CONFIG]: RIGHT })).toEqual({
    failed: [
      "asks http://mirror.example for quay.io, and that is not larder: /etc/containerd/certs.d/quay.io/hosts.toml says so",
    ],
    brought: ["docker.io"],
  });
  expect((await find({ ...quay, [CONFIG]: RIGHT })).failed).toEqual([]);
});
