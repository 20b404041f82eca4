import { afterAll, expect } from "bun:test";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { writePodmanSettings } from "../image/podman-as-docker.ts";
import { type BuiltImage, builtImage } from "../image/built-image.ts";
import { installLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { addGuideHost } from "./guide-host.ts";
import { downloadLarder } from "./larder-release.ts";

const NEEDS = ["podman", "runc", "conmon", "iptables", "curl", "dpkg-deb", "apt-get"];

let built: BuiltImage | undefined;
afterAll(() => built?.close());

describeGuide("docs/container.md", NEEDS, async (network) => {
  const machine = await addGuideHost(network, "machine");
  built = await builtImage();
  await downloadLarder(network, machine);
  await installLarder(machine);
  await writePodmanSettings(machine, []);
  // vfs works in every file system.
  const storage = `driver = "vfs"\nrunroot = "/run/containers"\ngraphroot = "${join(machine.folder, "podman")}"\n`;
  await machine.writeFile("/etc/containers/storage.conf", `[storage]\n${storage}`);
  await symlink(built.folder, join(machine.folder, "home", "dist"));
  const read = async () =>
    expect(await machine.exec(["larder", "images", join(machine.folder, "home", "stack")])).toBe(
      "docker.io/library/larder:latest\n",
    );
  return { hosts: { machine }, actions: { "read the stack": read } };
});
