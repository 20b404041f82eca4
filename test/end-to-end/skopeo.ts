import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestOf, hexOf } from "../../src/oci/digest.ts";
import type { ContainerClient } from "./container-client.ts";
import { digestsUnder, readDigest } from "./container-client.ts";
import type { LabHost } from "./lab-host.ts";
import { platformManifest } from "./platform-manifest.ts";

/**
 * skopeo on a host: pulls are copies, with all platforms and unchanged, into an OCI layout. Reads the settings of
 * `writeContainersSettings`. Its state is `HOST/skopeo/blobs/sha256` and one layout for each name.
 */
export function skopeoOn(host: LabHost): ContainerClient {
  const folder = join(host.folder, "skopeo");
  const layoutOf = (image: string) => join(folder, image.replaceAll(/[^a-z0-9.-]/g, "_"));
  const loaded = new Map<string, string>();
  const skopeo = (...argv: string[]) => host.exec(["skopeo", ...argv]);
  return {
    name: "skopeo",
    async pull(image) {
      const layout = layoutOf(image);
      await mkdir(folder, { recursive: true });
      await skopeo("copy", "--quiet", "--all", "--preserve-digests", `docker://${image}`, `oci:${layout}:image`);
      const digest = await topDigest(layout);
      return { digest, configDigest: (await manifestIn(layout, digest)).config.digest };
    },
    async digestsOfFiles(image, paths) {
      const layout = layoutOf(image);
      const { layers } = await manifestIn(layout, await topDigest(layout));
      const extracted = join(folder, "extracted");
      await mkdir(extracted, { recursive: true });
      for (const layer of layers) {
        await host.exec(["tar", "-C", extracted, "-xf", blobPath(layout, layer.digest)]);
      }
      const digests = await digestsUnder(host, extracted, paths);
      await rm(extracted, { recursive: true });
      return digests;
    },
    load(built, image) {
      loaded.set(image, built.layout);
      return Promise.resolve(built.configDigest);
    },
    async push(image) {
      await skopeo(
        "copy",
        "--quiet",
        "--all",
        "--preserve-digests",
        `oci:${loaded.get(image)}:image`,
        `docker://${image}`,
      );
    },
    async forgetAll() {
      loaded.clear();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The digest of what a plain HTTP registry has under a name, from the bytes that it sends. Throws `CommandFailed`. */
export async function digestInRegistry(host: LabHost, image: string): Promise<Digest> {
  return digestOf(await host.exec(["skopeo", "inspect", "--tls-verify=false", "--raw", `docker://${image}`]));
}

async function topDigest(layout: string): Promise<Digest> {
  const index = (await Bun.file(join(layout, "index.json")).json()) as { manifests: { digest: string }[] };
  return readDigest(index.manifests[0]?.digest ?? "");
}

function manifestIn(layout: string, top: Digest) {
  return platformManifest(top, (digest) => Bun.file(blobPath(layout, digest)).bytes());
}

function blobPath(layout: string, digest: Digest): string {
  const path = join(layout, "blobs/sha256", hexOf(digest));
  if (!existsSync(path)) throw new Error(`${layout} lacks ${digest}`);
  return path;
}
