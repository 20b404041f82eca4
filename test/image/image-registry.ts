import { join } from "node:path";
import { writeContainersSettings } from "../end-to-end/containers-settings.ts";
import { startLarder } from "../end-to-end/larder-on-host.ts";
import type { LabHost } from "../end-to-end/lab-host.ts";
import type { NetworkLab } from "../end-to-end/network-lab.ts";
import type { BuiltImage } from "./built-image.ts";

/** A larder that has larder's image, pushed by skopeo, and the name that the image has there. */
export type ImageRegistry = { readonly host: LabHost; readonly server: string; readonly image: string };

/** Starts a larder on a host of its own, and has skopeo push every platform of both kinds of the image to it. */
export async function startImageRegistry(lab: NetworkLab, { folder, version }: BuiltImage): Promise<ImageRegistry> {
  const host = await lab.addHost("images");
  await startLarder(host);
  await writeContainersSettings(host, { plainHttp: ["127.0.0.1:5000"], mirrors: {} });
  for (const tag of [version, `${version}-registry`]) {
    const source = `oci:${join(folder, "image")}:larder:${tag}`;
    const target = `docker://127.0.0.1:5000/larder:${tag}`;
    await host.exec(["skopeo", "copy", "--quiet", "--all", "--preserve-digests", source, target]);
  }
  const server = `${host.ipv4}:5000`;
  return { host, server, image: `${server}/larder:${version}` };
}
