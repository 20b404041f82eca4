/** What a machine uses, of what lies on it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startOfProcess } from "./find-process.ts";
import { findUsedRuntimes } from "./find-used-runtimes.ts";
import { NodeFiles } from "./node-files.ts";
import { readUsedRegistries } from "./read-used-registries.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-in-use-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function node(texts: Readonly<Record<string, string>>): Promise<NodeFiles> {
  const root = await mkdtemp(join(folder, "node-"));
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return new NodeFiles(root);
}

const ALL = ["containerd", "containers", "docker", "k3s", "rke2"];

function runs(name: string, argv = ""): Record<string, string> {
  return { "proc/12/comm": `${name}\n`, "proc/12/cmdline": `/usr/bin/${name}\0${argv.replaceAll(" ", "\0")}\0` };
}

const LISTED = JSON.stringify([{ id: "abc", names: ["quay.io/a/b:1", "docker.io/library/c:2"] }]);

describe("the runtimes in use", () => {
  const cases: [string, Record<string, string>, string[]][] = [
    ["none", { "etc/docker/daemon.json": "{}" }, []],
    ["a containerd", runs("containerd"), ["containerd"]],
    ["a containerd with a file of its own", runs("containerd", "--config /etc/c.toml"), ["containerd"]],
    ["Docker's own containerd", runs("containerd", "--config /var/run/docker/containerd/containerd.toml"), []],
    ["a containerd that has ended", { "proc/12/comm": "containerd\n", "proc/12/status": "State:\tZ (zombie)\n" }, []],
    ["dockerd", runs("dockerd"), ["docker"]],
    ["k3s' containerd", runs("containerd", "-c /var/lib/rancher/k3s/agent/etc/containerd/config.toml"), ["k3s"]],
    ["RKE2's agent", runs("rke2-agent"), ["rke2"]],
    ["CRI-O", runs("crio"), ["containers"]],
    ["Podman that never pulled", { "var/lib/containers/storage/overlay-images/images.json": "[]" }, []],
    ["Podman with images", { "var/lib/containers/storage/overlay-images/images.json": LISTED }, ["containers"]],
    ["what larder has set up", { "var/lib/larder-client/docker/index": "" }, ["docker"]],
  ];
  test.each(cases)("%s", async (_, texts, expected) => {
    const setups = ALL.map((runtime) => ({ runtime, routes: [], isInEffect: true, problems: [] }));
    const used = await findUsedRuntimes(setups, await node(texts));
    expect(used.map(({ runtime }) => runtime)).toEqual(expected);
  });
});

describe("the registries in use", () => {
  const DOCKERS = JSON.stringify({
    Repositories: { nginx: { "nginx:1": "sha256:a" }, x: { "ghcr.io/x/y:2": "sha256:b" } },
  });

  test("are those that images of Podman, Docker and containerd come from", async () => {
    const files = await node({
      ...runs("containerd"),
      "var/lib/containers/storage/overlay-images/images.json": LISTED,
      "var/lib/docker/image/overlay2/repositories.json": DOCKERS,
    });
    const ask = async ([program]: readonly string[]) =>
      program === "ctr" ? "registry.k8s.io/pause:3.10\nsha256:0123\nsha256:0123\n" : null;
    const used = await readUsedRegistries(files, ask);
    expect([...used].sort()).toEqual(["docker.io", "ghcr.io", "quay.io", "registry.k8s.io"]);
  });

  test("are none where nothing was pulled, or what is there cannot be understood", async () => {
    const files = await node({
      "var/lib/containers/storage/overlay-images/images.json": '{"other": 1}',
      "var/lib/docker/image/overlay2/repositories.json": "not JSON",
    });
    expect((await readUsedRegistries(files, async () => null)).size).toBe(0);
    expect((await readUsedRegistries(await node(runs("containerd")), async () => "\n")).size).toBe(0);
  });
});

test("a process's start is told by the clock of the moment at which its age is read", async () => {
  // Running for 50 s of the 100 s that the kernel runs.
  const fields = ["S", ...Array.from({ length: 18 }, () => "0"), "5000", "0"];
  const files = await node({ "proc/12/stat": `12 (containerd) ${fields.join(" ")}\n`, "proc/uptime": "100.00 1.00\n" });
  const reads: string[] = [];
  const read = files.read.bind(files);
  files.read = (path) => {
    reads.push(path);
    return read(path);
  };
  const now = () => (reads.includes("/proc/uptime") ? 1_000_000 : 0);
  expect(await startOfProcess("12", files, now)).toBe(950_000);
});
