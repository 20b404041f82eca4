import { join } from "node:path";
import { buildBinary } from "../../build/build-binary.ts";
import { readSourceVersion } from "../../build/source-version.ts";
import { hostTarget } from "../../build/target.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { NetworkLab } from "../end-to-end/network-lab.ts";

/** Builds what a release brings, for this machine, and puts it where each of the hosts' readers has downloaded it to. */
export async function downloadLarder(network: NetworkLab, ...hosts: readonly LabHost[]): Promise<void> {
  const file = join(await network.makeFolder("release"), "larder");
  await buildBinary(hostTarget(), readSourceVersion(process.env), file);
  for (const host of hosts) await host.exec(["cp", file, join(host.folder, "home", "larder-linux-x64")]);
}
