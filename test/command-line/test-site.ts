import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type DockerRegistry,
  type DockerRegistryAuth,
  startDockerRegistry,
} from "../../src/upstream/docker-registry.fixture.ts";
import {
  type Content,
  contentOf,
  describeManifest,
  descriptorOf,
  type Image,
  makeBlob,
  makeIndex,
  makeManifest,
  type ManifestContent,
  TYPE,
} from "../conformance/content-factory.ts";
import { type LarderProcess, startLarder } from "../conformance/larder-process.ts";
import { pushImage, pushManifest } from "../conformance/registry-client.ts";
import type { CommandResult } from "../end-to-end/run-command.ts";
import { runLarder } from "./run-larder.ts";

/** An image for several platforms: an index and the images that it lists, by their platforms. */
export type MultiImage = { readonly index: ManifestContent; readonly images: Readonly<Record<string, Image>> };

/** A larder, Debian's docker-registry that it stands in for as docker.io and quay.io, and a folder for files. */
export class TestSite {
  readonly upstream: DockerRegistry;
  readonly larder: LarderProcess;
  /** A temporary folder. */
  readonly folder: string;

  private constructor(upstream: DockerRegistry, larder: LarderProcess, folder: string) {
    this.upstream = upstream;
    this.larder = larder;
    this.folder = folder;
  }

  /** `more` are further arguments of `larder serve`, `environment` further variables. */
  static async open(
    more: readonly string[] = [],
    auth: DockerRegistryAuth = { kind: "none" },
    environment: Readonly<Record<string, string>> = {},
  ): Promise<TestSite> {
    const upstream = await startDockerRegistry(auth);
    const standIns = ["docker.io", "quay.io", nearName(upstream)].flatMap((host) => [
      "--upstream",
      `${host}=${upstream.url}`,
    ]);
    const larder = await startLarder({ arguments: [...standIns, ...more], environment });
    return new TestSite(upstream, larder, await mkdtemp(join(tmpdir(), "larder-command-line-")));
  }

  async close(): Promise<void> {
    await this.larder.stop();
    await this.upstream.stop();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Runs larder against this larder. */
  run(...argv: string[]): Promise<CommandResult> {
    return runLarder(hostOf(this.larder.url), argv);
  }

  /** Writes a file into the folder and gives its path. */
  async write(name: string, text: string): Promise<string> {
    const path = join(this.folder, name);
    await Bun.write(path, text);
    return path;
  }

  /** Where this larder keeps a blob. */
  blobFile(digest: string): string {
    return blobFileOf(this.larder, digest);
  }
}

/** Where a larder keeps a blob. */
export function blobFileOf({ dataFolder }: LarderProcess, digest: string): string {
  const [algorithm = "", hex = ""] = digest.split(":");
  return join(dataFolder, "blobs", algorithm, hex.slice(0, 2), hex);
}

/** The registry's name by which this machine reaches it. */
export function nearName(registry: DockerRegistry): string {
  return `localhost:${new URL(registry.url).port}`;
}

/** `127.0.0.1:5000` of `http://127.0.0.1:5000`. */
export function hostOf(url: string): string {
  return new URL(url).host;
}

/** A small image that nobody else has, for linux/amd64 unless said. */
export function smallImage(platform = "linux/amd64"): Image {
  const [os = "", architecture = ""] = platform.split("/");
  const layer = makeBlob(600);
  const document = { os, architecture, created: "2026-01-02T03:04:05Z", config: { Cmd: ["/app", "serve me"] } };
  const config = contentOf(JSON.stringify({ ...document, nonce: layer.digest }));
  return imageOf(config, layer);
}

/** Publishes an index of small images for these platforms. */
export async function publishMulti(
  url: string,
  name: string,
  tag: string,
  platforms: readonly string[],
): Promise<MultiImage> {
  const images = Object.fromEntries(platforms.map((platform) => [platform, smallImage(platform)]));
  for (const image of Object.values(images)) await pushImage(url, name, image);
  const listed = Object.entries(images).map(([platform, { manifest }]) => {
    const [os, architecture] = platform.split("/");
    return describeManifest(manifest, { platform: { os, architecture } });
  });
  const index = makeIndex(listed);
  await pushManifest(url, name, index, tag);
  return { index, images };
}

/** Publishes a small image under a name of one platform. */
export async function publish(url: string, name: string, tag: string): Promise<Image> {
  const image = smallImage();
  await pushImage(url, name, image, tag);
  return image;
}

function imageOf(config: Content, layer: Content): Image {
  const manifest = makeManifest({
    schemaVersion: 2,
    mediaType: TYPE.manifest,
    config: descriptorOf(config, TYPE.config),
    layers: [descriptorOf(layer, TYPE.layer)],
  });
  return { manifest, blobs: [config, layer] };
}
