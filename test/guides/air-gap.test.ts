import { join } from "node:path";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { outputOf } from "../end-to-end/run-command.ts";
import { installLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { addGuideHost } from "./guide-host.ts";
import { GuideInternet, INTERNET_NEEDS } from "./guide-internet.ts";
import { installGoProgram } from "./install-go-program.ts";
import { startServices } from "./lab-services.ts";
import { downloadLarder } from "./larder-release.ts";

const IMAGES = ["docker.io/library/nginx:1.27", "docker.io/library/nginx:1.28", "registry.k8s.io/pause:3.6"];
const POD =
  'apiVersion: v1\nkind: Pod\nmetadata: { name: web }\nspec: { containers: [{ name: web, image: "nginx:1.27" }] }\n';
const DISK = "/mnt/usb";

/** Neither has a way to the other, nor anything of the far side to the internet. */
async function keepApart(one: LabHost, other: LabHost): Promise<void> {
  const cut = async (from: LabHost, to: LabHost) => {
    await from.exec(["ip", "route", "add", "unreachable", `${to.ipv4}/32`]);
    await from.exec(["ip", "-6", "route", "add", "unreachable", `${to.ipv6}/128`]);
    if ((await from.run(["ip", "route", "get", to.ipv4])).status === 0) throw new Error("there is no gap");
  };
  await cut(one, other);
  await cut(other, one);
}

describeGuide("docs/guides/air-gap.md", [...INTERNET_NEEDS, "containerd", "ctr", "go:crictl"], async (network) => {
  const [outside, node, inside] = [
    await addGuideHost(network, "outside"),
    await addGuideHost(network, "node"),
    await addGuideHost(network, "inside"),
  ];
  const internet = await GuideInternet.start(network);
  await internet.connect(outside);
  await internet.publish(...IMAGES);
  await keepApart(outside, inside);
  await keepApart(outside, node);
  for (const host of [outside, inside]) await host.exec(["mkdir", DISK]);
  await downloadLarder(network, outside);
  await installLarder(outside);
  await outside.writeFile(join(outside.folder, "home/deploy/web.yaml"), POD);
  await installGoProgram(node, "crictl");
  await startServices(node, "containerd");
  const carry = async () => {
    await inside.exec(["sh", "-c", `rm -rf ${DISK}/*`]);
    await outputOf(["cp", "-a", `${outside.outsidePath(DISK)}/.`, inside.outsidePath(DISK)]);
  };
  return { hosts: { outside, inside, node }, actions: { "carry the disk inside": carry } };
});
