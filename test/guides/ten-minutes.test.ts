import { describeGuide } from "./describe-guide.ts";
import { addGuideHost } from "./guide-host.ts";
import { GuideInternet, INTERNET_NEEDS } from "./guide-internet.ts";
import { installGoProgram } from "./install-go-program.ts";
import { startServices } from "./lab-services.ts";
import { downloadLarder } from "./larder-release.ts";

describeGuide(
  "docs/guides/ten-minutes.md",
  [...INTERNET_NEEDS, "containerd", "ctr", "runc", "go:crictl"],
  async (network) => {
    const larder = await addGuideHost(network, "larder");
    const node = await addGuideHost(network, "node");
    const internet = await GuideInternet.start(network);
    for (const host of [larder, node]) await internet.connect(host);
    await internet.publish(
      "docker.io/library/nginx:1.27",
      "quay.io/prometheus/busybox:latest",
      "registry.k8s.io/pause:3.6",
    );
    await installGoProgram(node, "crictl");
    await downloadLarder(network, larder);
    await startServices(node, "containerd");
    return { hosts: { larder, node }, actions: { "unplug the internet": () => internet.unplug() } };
  },
);
