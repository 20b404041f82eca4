/** larder's image in containerd: pulled from a larder as a kubelet pulls it, and run; brought by a file as k3s takes it. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type Containerd, startContainerd, writeContainerdSettings } from "../end-to-end/containerd.ts";
import { buildImage as buildSmallImage, IMAGE_NEEDS } from "../end-to-end/image-factory.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { LAB_NEEDS, NetworkLab } from "../end-to-end/network-lab.ts";
import { requirement } from "../requirement.ts";
import { until } from "../until.ts";
import { type BuiltImage, builtImage } from "./built-image.ts";
import { type ImageRegistry, startImageRegistry } from "./image-registry.ts";

const LIMIT_MS = 300_000;
const lab = requirement(...LAB_NEEDS, ...IMAGE_NEEDS, "containerd", "ctr", "runc", "skopeo", "curl");

describe.skipIf(!lab.met)("larder's image in containerd", () => {
  let network: NetworkLab;
  let built: BuiltImage;
  let images: ImageRegistry;
  let host: LabHost;
  let containerd: Containerd;
  beforeAll(async () => {
    built = await builtImage();
    network = await NetworkLab.create();
    images = await startImageRegistry(network, built);
    host = await network.addHost("node");
    await writeContainerdSettings(host, { plainHttp: [images.server], mirrors: {} });
    containerd = await startContainerd(host);
  }, LIMIT_MS);
  afterAll(async () => {
    await containerd?.daemon.stop();
    await network?.close();
    await built?.close();
  });

  const ctr = (...argv: string[]) => host.exec(["ctr", "--namespace", "k8s.io", ...argv], { timeoutMs: 120_000 });

  test(
    "is pulled by CRI, and runs: is pushed to, pulled from, and stops",
    async () => {
      await containerd.cri.pull(images.image);
      const layout = (await buildSmallImage(host.folder, { name: "app", dataBytes: 1000 })).layout;
      await ctr("run", "--detach", "--net-host", "--snapshotter", "native", images.image, "larder");
      const isUp = async () => (await host.run(["curl", "-sf", "-m", "5", "http://127.0.0.1:5000/v2/"])).status === 0;
      await until("it answers", isUp);
      await host.writeFile("/etc/containers/policy.json", `{"default": [{"type": "insecureAcceptAnything"}]}\n`);
      const target = "docker://127.0.0.1:5000/app:1";
      await host.exec(["skopeo", "copy", "-q", "--dest-tls-verify=false", `oci:${layout}:image`, target]);
      await host.exec(["skopeo", "inspect", "--tls-verify=false", target]);
      await ctr("tasks", "kill", "--signal", "SIGTERM", "larder");
      const status = async () => (await ctr("tasks", "ls")).split("\n").find((line) => line.startsWith("larder "));
      await until("it stops", async () => (await status())?.includes("STOPPED") === true);
      // With the status of the task, which is not that of somebody who was killed.
      await ctr("tasks", "delete", "larder");
      await ctr("containers", "delete", "larder");
    },
    LIMIT_MS,
  );

  test(
    "comes out of the archive under the name that Kubernetes gives it",
    async () => {
      await ctr("images", "import", "--snapshotter", "native", join(built.folder, "larder-image.tar"));
      const names = await ctr("images", "ls", "--quiet");
      for (const tag of [built.version, "latest"])
        for (const name of [`docker.io/library/larder:${tag}`, `docker.io/library/larder:${tag}-registry`])
          expect(names.split("\n")).toContain(name);
      const id = "version";
      const said = await ctr(
        "run",
        "--rm",
        "--snapshotter",
        "native",
        `docker.io/library/larder:latest`,
        id,
        "/bin/larder",
        "--version",
      );
      expect(said.trim()).toBe(built.version);
    },
    LIMIT_MS,
  );
});
