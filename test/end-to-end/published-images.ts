import { expect } from "bun:test";
import { hostPlatform, type Platform } from "../../src/oci/platform.ts";
import type { ContainerClient } from "./container-client.ts";
import { writeContainersSettings } from "./containers-settings.ts";
import { type BuiltImage, buildImage } from "./image-factory.ts";
import type { LabHost } from "./lab-host.ts";
import type { NetworkLab } from "./network-lab.ts";
import { skopeoOn } from "./skopeo.ts";

/** The upstream registries that the tests' nodes believe to talk to. */
export const UPSTREAMS = ["docker.io", "registry.k8s.io", "quay.io"] as const;

/** What the names of the upstreams resolve to on a node that is sent to `address`. Clients contact registry-1.docker.io. */
export function spoofedHosts(address: string): Record<string, string[]> {
  return Object.fromEntries([...UPSTREAMS, "registry-1.docker.io"].map((name) => [name, [address]]));
}

const FOREIGN: readonly Platform[] = [
  { os: "linux", architecture: "s390x" },
  { os: "linux", architecture: "arm", variant: "v7" },
];

/** One path and tag in three upstreams, each another image of another kind: they must never be taken for each other. */
export const IMAGES = {
  "docker.io/library/app:1": { name: "index-of-three-platforms", platforms: [...FOREIGN, hostPlatform()] },
  "registry.k8s.io/library/app:1": { name: "one-manifest-gzip" },
  "quay.io/library/app:1": { name: "one-manifest-zstd", compression: "zstd" },
} as const;

export type ImageName = keyof typeof IMAGES;
export const IMAGE_NAMES = Object.keys(IMAGES) as ImageName[];

/**
 * Builds the images and pushes them with skopeo, unchanged, on larder's own host, whose hosts file has to send the
 * upstreams' names to itself.
 */
export async function publishImages(lab: NetworkLab, registry: LabHost): Promise<Map<ImageName, BuiltImage>> {
  const folder = await lab.makeFolder("images");
  await writeContainersSettings(registry, { plainHttp: UPSTREAMS, mirrors: {} });
  const skopeo = skopeoOn(registry);
  const published = new Map<ImageName, BuiltImage>();
  for (const name of IMAGE_NAMES) {
    const built = await buildImage(folder, IMAGES[name]);
    await skopeo.load(built, name);
    await skopeo.push(name);
    published.set(name, built);
  }
  return published;
}

/** Pulls and requires what was built: the index or manifest, the config, and every file of the unpacked image. */
export async function expectPull(client: ContainerClient, image: string, built: BuiltImage | undefined): Promise<void> {
  if (built === undefined) throw new Error(`${image} was not published`);
  expect(await client.pull(image)).toEqual({ digest: built.digest, configDigest: built.configDigest });
  expect(await client.digestsOfFiles(image, [...built.files.keys()])).toEqual([...built.files.values()]);
}
