import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { examineSandbox } from "./examine-sandbox.ts";
import { NodeFiles } from "./node-files.ts";
import { readSandboxImages, type SandboxImage } from "./read-sandbox-image.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "larder-sandbox-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What is found on a node with these files, where programs print that. */
async function find(
  texts: Readonly<Record<string, string>>,
  said: Readonly<Record<string, string>> = {},
): Promise<readonly SandboxImage[]> {
  const root = await mkdtemp(join(folder, "node-"));
  for (const [path, text] of Object.entries(texts)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const defaultImage = (runtime: string) => `default of ${runtime}`;
  return readSandboxImages(new NodeFiles(root), async (argv) => said[argv.join(" ")] ?? null, defaultImage);
}

const VERSION_TWO =
  'version = 2\n[plugins."io.containerd.grpc.v1.cri"]\n  sandbox_image = "registry.k8s.io/pause:3.6"\n';
const VERSION_THREE =
  "version = 3\n[plugins.'io.containerd.cri.v1.images'.pinned_images]\n  sandbox = 'corp.example/pause:3.10.2'\n";
const RUNNING = { "proc/12/comm": "containerd\n", "proc/12/cmdline": "/usr/bin/containerd\0-c\0/opt/c.toml\0" };

describe("containerd's sandbox image", () => {
  test("is what the running process's own configuration comes to", async () => {
    const dump = { "/proc/12/exe --config /opt/c.toml config dump": VERSION_THREE };
    expect(await find({ ...RUNNING, "etc/containerd/config.toml": VERSION_TWO }, dump)).toEqual([
      { runtime: "containerd", image: "corp.example/pause:3.10.2", isRunning: true, source: "containerd config dump" },
    ]);
  });

  test("is that of its file where it cannot be asked, else that of its version", async () => {
    expect(await find({ "etc/containerd/config.toml": VERSION_TWO })).toMatchObject([
      { image: "registry.k8s.io/pause:3.6", isRunning: false, source: "/etc/containerd/config.toml" },
    ]);
    const version = { "containerd --version": "containerd github.com/containerd/containerd/v2 v2.4.2 abc" };
    expect(await find({ "etc/containerd/config.toml": "version = 3\n" }, version)).toMatchObject([
      { image: "default of containerd@2.4.2", source: "the default of containerd 2.4.2" },
    ]);
    expect(await find({ "etc/containerd/config.toml": "" })).toEqual([]);
  });

  test("is nobody's business where containerd serves no Kubernetes", async () => {
    expect(await find({ "etc/containerd/config.toml": `disabled_plugins = ["cri"]\n` })).toEqual([]);
    expect(await find({ "proc/12/comm": "bash\n" }, { "containerd --version": "containerd c 2.4.2" })).toEqual([]);
  });
});

describe("CRI-O's sandbox image", () => {
  const files = {
    "etc/crio/crio.conf": '[crio.image]\n# pause_image = "no"\npause_image = "a.example/pause:1"\n',
    "etc/crio/crio.conf.d/10-b.conf": '[crio.image]\npause_image="b.example/pause:2"\n',
    "etc/crio/crio.conf.d/20-c.conf": "[crio.runtime]\n",
  };

  test("is what it says itself, else the last word of its files, else that of its version", async () => {
    const status = { "crio status config": '[crio]\n  [crio.image]\n    pause_image = "s.example/pause:3"\n' };
    expect(await find(files, status)).toMatchObject([{ runtime: "cri-o", image: "s.example/pause:3" }]);
    expect(await find(files)).toMatchObject([
      { image: "b.example/pause:2", source: "/etc/crio/crio.conf.d/10-b.conf" },
    ]);
    const version = { "crio --version": "crio version 1.34.1\nVersion: 1.34.1\n" };
    expect(await find({ "etc/crio/crio.conf.d/x.conf": "" }, version)).toMatchObject([
      { image: "default of cri-o@1.34.1" },
    ]);
  });
});

test("a sandbox image that larder lacks is something to do, and stops pods where it cannot be fetched", () => {
  const image: SandboxImage = {
    runtime: "containerd",
    image: "registry.k8s.io/pause:3.10.2",
    isRunning: true,
    source: "x",
  };
  const state = { isThere: false, isStoodInFor: true, canBeFetched: true };
  const advice = expect.stringContaining("larder cache registry.k8s.io/pause:3.10.2") as string;
  expect(examineSandbox(image, state)).toMatchObject({ status: "warn", advice });
  expect(examineSandbox(image, { ...state, canBeFetched: false })).toMatchObject({ status: "fail", advice });
  expect(examineSandbox(image, { ...state, isThere: true })).toMatchObject({ status: "ok" });
  expect(examineSandbox(image, { ...state, isStoodInFor: false })).toMatchObject({ status: "ok" });
  expect(examineSandbox(image, null)).toMatchObject({ status: "warn" });
});
