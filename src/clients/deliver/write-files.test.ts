import { expect, test } from "bun:test";
import { findClientTarget, type ClientTarget } from "../targets/targets.ts";
import { TestNode } from "./node.fixture.ts";
import { testSettings } from "../settings.fixture.ts";
import { renderScript } from "./render-script.ts";
import { writeFiles } from "./write-files.ts";

function targetOf(name: string): ClientTarget {
  const target = findClientTarget(name);
  if (target === null) throw new Error(name);
  return target;
}

const EXISTING = {
  "etc/hosts": "127.0.0.1 localhost\n",
  "etc/docker/daemon.json": '{\n  "registry-mirrors": ["https://m"]\n}\n',
  "etc/containerd/config.toml": 'version = 2\n[plugins."io.containerd.grpc.v1.cri".registry]\n',
  "etc/buildkit/buildkitd.toml": "debug = true\n",
};

async function usedNode(): Promise<TestNode> {
  const node = await TestNode.make();
  for (const [path, text] of Object.entries(EXISTING)) await node.put(path, text, 0o640);
  return node;
}

test("writes what the script writes, with the same merges", async () => {
  for (const name of ["containerd", "docker", "buildkit", "hosts", "containers", "k3s"]) {
    const settings = testSettings(name === "hosts" ? "spoof" : "http");
    await using byScript = await usedNode();
    await using byWriter = await usedNode();
    expect(byScript.run(renderScript(targetOf(name), settings), ["sh"]).exitCode).toBe(0);
    const files = await writeFiles(targetOf(name), settings, byWriter.root, false);
    expect(files.every((file) => file.outcome === "written")).toBe(true);
    const etc = (picture: readonly string[]) =>
      picture.filter((line) => line.startsWith("etc")).map((line) => line.replace(/ \d{10} /, " "));
    expect(etc(await byWriter.picture())).toEqual(etc(await byScript.picture()));
  }
});

test("writes nothing the second time", async () => {
  await using node = await usedNode();
  await writeFiles(targetOf("docker"), testSettings("http"), node.root, false);
  const before = await node.picture();
  const files = await writeFiles(targetOf("docker"), testSettings("http"), node.root, false);
  expect(files.map((file) => file.outcome)).toEqual(["unchanged", "unchanged", "unchanged"]);
  expect(await node.picture()).toEqual(before);
});

test("leaves everything when a file is somebody else's, until it is told to overwrite", async () => {
  await using node = await usedNode();
  await node.put("etc/containerd/certs.d/docker.io/hosts.toml", "[host]\n");
  const before = await node.picture();
  const [first, ...rest] = await writeFiles(targetOf("containerd"), testSettings("http"), node.root, false);
  expect(first).toEqual({
    path: "/etc/containerd/certs.d/docker.io/hosts.toml",
    outcome: "left",
    remark: expect.stringContaining("--overwrite") as string,
  });
  expect(rest).toEqual([]);
  expect(await node.picture()).toEqual(before);
  const files = await writeFiles(targetOf("containerd"), testSettings("http"), node.root, true);
  expect(files.every((file) => file.outcome === "written")).toBe(true);
});

test("sees flags of dockerd that stand in the way, and files that are no text", async () => {
  await using node = await usedNode();
  await node.put("etc/systemd/system/docker.service.d/10-a.conf", "ExecStart=dockerd --insecure-registry=a\n");
  expect(await writeFiles(targetOf("docker"), testSettings("http"), node.root, false)).toEqual([
    {
      path: "/etc/systemd/system/docker.service.d/10-a.conf:1",
      outcome: "left",
      remark: expect.stringContaining("it passes --insecure-registry to dockerd") as string,
    },
  ]);
  await node.put("lib/systemd/system/docker.service", "ExecStart=dockerd\n");
  const [left] = await writeFiles(targetOf("docker-systemd"), testSettings("http"), node.root, false);
  expect(left?.remark).toContain("registry-mirrors or insecure-registries");

  await using broken = await TestNode.make();
  await Bun.write(`${broken.root}/etc/hosts`, new Uint8Array([0xff, 0xfe, 0]));
  const [hosts] = await writeFiles(targetOf("hosts"), testSettings("spoof"), broken.root, false);
  expect(hosts).toEqual({
    path: "/etc/hosts",
    outcome: "left",
    remark: expect.stringContaining("not a file of text") as string,
  });
});
