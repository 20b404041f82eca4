import { join } from "node:path";
import { buildImage } from "../end-to-end/image-factory.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import { makeCluster, installLarder } from "./cluster.ts";
import { describeGuide } from "./describe-guide.ts";
import { INTERNET_NEEDS } from "./guide-internet.ts";

const IMAGES = [
  "quay.io/coreos/etcd:v3.5.15",
  "k8s.gcr.io/pause:3.6",
  "docker.io/nordixorg/mconnect:v2.1",
  "registry.k8s.io/coredns/coredns:v1.11.3",
];
const OVERLAYS = { kubernetes: "registry.k8s.io/coredns/coredns:v1.11.3", mconnect: "nordixorg/mconnect:v2.1" };

describeGuide("docs/guides/from-the-xcluster-scripts.md", INTERNET_NEEDS, async (network) => {
  const { larder, node: vm, actions } = await makeCluster(network, ...IMAGES);
  await installLarder(larder);
  const home = join(larder.folder, "home");
  for (const [name, image] of Object.entries(OVERLAYS)) {
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name }, spec: { containers: [{ name, image }] } };
    await larder.writeFile(join(home, "ovl", name, "default/etc/kubernetes", `${name}.yaml`), JSON.stringify(pod));
  }
  const { layout } = await buildImage(await network.makeFolder("myapp"), { name: "myapp" });
  const archive = `docker-archive:${join(home, "myapp.tar")}:quay.io/team/myapp:1`;
  await larder.exec(["skopeo", "copy", "--quiet", `oci:${layout}:image`, archive]);
  // The VM has no other way out than the machine that it runs on.
  await vm.exec(["ip", "route", "del", "default"]);
  const boot = () => bootWithOverlay(larder, vm);
  return {
    hosts: { larder, vm },
    actions: { ...actions, "start the VM with the overlay": boot },
    environment: { XCLUSTER_OVLPATH: join(home, "ovl") },
  };
});

/** What the VM's image does: the overlay's files, then its scripts. */
async function bootWithOverlay(larder: LabHost, vm: LabHost): Promise<void> {
  const tar = join(larder.folder, "home/private-reg.tar");
  const settings = `__dns_spoof=$PWD/dns-spoof LOCAL_REGISTRY=${larder.ipv4}`;
  await larder.exec(["sh", "-c", `cd "$HOME" && ${settings} sh private-reg/tar ${tar}`]);
  await vm.exec(["tar", "-C", "/", "-xf", tar]);
  await vm.exec(["sh", "/etc/init.d/28private-reg.rc"]);
}
