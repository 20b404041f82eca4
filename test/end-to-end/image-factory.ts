/**
 * Builds real images for the tests: OCI layouts on disk whose root file system is Debian's static busybox.
 *
 *     bin/busybox, bin/sh, bin/cat, bin/sha256sum   first layer
 *     srv/data.bin                                  second layer: random bytes, so that no layer is ever the same
 *     srv/who                                       third layer: the image's own name and platform
 *
 * Sources: image-spec v1.1.1, image-layout.md, manifest.md, config.md, image-index.md.
 */
import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Digest, digestOf, hexOf } from "../../src/oci/digest.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { formatPlatform, hostPlatform, type Platform } from "../../src/oci/platform.ts";
import { findProgram } from "../debian-packages.ts";
import { outputOf } from "./run-command.ts";

/** What the factory needs of the machine. */
export const IMAGE_NEEDS = ["busybox", "tar", "zstd"] as const;

export type ImageRecipe = {
  /** The layout's folder name and the text of `srv/who`. */
  readonly name: string;
  /** How layers are compressed; gzip unless said. */
  readonly compression?: "gzip" | "zstd";
  /** With platforms, the image is an index with a manifest for each; without, one manifest for this machine's. */
  readonly platforms?: readonly Platform[];
  /** The size of `srv/data.bin` in bytes; 3 MiB unless said. */
  readonly dataBytes?: number;
  /** What a container of it runs; it prints `srv/who` unless said. */
  readonly command?: readonly string[];
};

export type BuiltImage = {
  /** An OCI layout whose only reference is called `image`: skopeo's `oci:LAYOUT:image`. */
  readonly layout: string;
  /** Of the index, or of the manifest when there is no index. */
  readonly digest: Digest;
  /** Of the manifest for this machine's platform, and of the config it names. */
  readonly manifestDigest: Digest;
  readonly configDigest: Digest;
  /** Every blob and manifest of the image, for all platforms. */
  readonly blobs: readonly Digest[];
  /** Path in the unpacked image and the SHA-256 of the file, for this machine's platform. */
  readonly files: ReadonlyMap<string, Digest>;
};

type StoredDescriptor = { mediaType: string; digest: Digest; size: number };
type BuiltManifest = { descriptor: StoredDescriptor; config: Digest; files: Map<string, Digest> };

/** Builds an image in a new folder under `parent`. */
export async function buildImage(parent: string, recipe: ImageRecipe): Promise<BuiltImage> {
  const layout = await LayoutWriter.create(join(parent, recipe.name));
  const platforms = recipe.platforms ?? [hostPlatform()];
  const manifests: (BuiltManifest & { platform: Platform })[] = [];
  for (const platform of platforms) manifests.push({ ...(await buildManifest(layout, recipe, platform)), platform });
  const mine = manifests.find(({ platform }) => formatPlatform(platform) === formatPlatform(hostPlatform()));
  if (mine === undefined) throw new Error(`${recipe.name} has no manifest for this machine`);
  const top = recipe.platforms === undefined ? mine.descriptor : await addIndex(layout, manifests);
  await layout.finish(top);
  return {
    layout: layout.folder,
    digest: top.digest,
    manifestDigest: mine.descriptor.digest,
    configDigest: mine.config,
    blobs: layout.blobs,
    files: mine.files,
  };
}

async function buildManifest(layout: LayoutWriter, recipe: ImageRecipe, platform: Platform): Promise<BuiltManifest> {
  const compression = recipe.compression ?? "gzip";
  const root = join(layout.folder, "..", `${recipe.name}-root-${platform.architecture}`);
  const busybox = findProgram("busybox");
  if (busybox === null) throw new Error("busybox is not installed");
  const data = crypto.getRandomValues(new Uint8Array(recipe.dataBytes ?? 3 * 1024 * 1024));
  const who = `${recipe.name} for ${formatPlatform(platform)}\n`;
  await mkdir(join(root, "1/bin"), { recursive: true });
  await mkdir(join(root, "2/srv"), { recursive: true });
  await mkdir(join(root, "3/srv"), { recursive: true });
  await copyFile(busybox, join(root, "1/bin/busybox"));
  for (const applet of ["sh", "cat", "sha256sum"]) await symlink("busybox", join(root, "1/bin", applet));
  await writeFile(join(root, "2/srv/data.bin"), data);
  await writeFile(join(root, "3/srv/who"), who);

  const tars = await Promise.all(["1", "2", "3"].map((layer) => tarOf(join(root, layer))));
  const layers = [];
  for (const tar of tars) layers.push(await layout.add(layerType(compression), compress(tar, compression)));
  const { os, architecture, variant } = platform;
  const config = await layout.addJson(MEDIA_TYPE.ociConfig, {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: { Cmd: recipe.command ?? ["/bin/cat", "/srv/who"], Env: ["PATH=/bin"] },
    rootfs: { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) },
  });
  const manifest = { schemaVersion: 2, mediaType: MEDIA_TYPE.ociManifest, config, layers };
  const descriptor = await layout.addJson(MEDIA_TYPE.ociManifest, manifest);
  const files = new Map([
    ["/bin/busybox", digestOf(await Bun.file(busybox).bytes())],
    ["/srv/data.bin", digestOf(data)],
    ["/srv/who", digestOf(who)],
  ]);
  return { descriptor, config: config.digest, files };
}

function addIndex(layout: LayoutWriter, manifests: readonly (BuiltManifest & { platform: Platform })[]) {
  const listed = manifests.map(({ descriptor, platform }) => ({ ...descriptor, platform }));
  return layout.addJson(MEDIA_TYPE.ociIndex, { schemaVersion: 2, mediaType: MEDIA_TYPE.ociIndex, manifests: listed });
}

async function tarOf(folder: string): Promise<Uint8Array<ArrayBuffer>> {
  const archive = `${folder}.tar`;
  await outputOf(["tar", "--owner=0", "--group=0", "--numeric-owner", "-C", folder, "-cf", archive, "."]);
  return Bun.file(archive).bytes();
}

function layerType(compression: "gzip" | "zstd"): string {
  return `application/vnd.oci.image.layer.v1.tar+${compression}`;
}

function compress(bytes: Uint8Array<ArrayBuffer>, compression: "gzip" | "zstd"): Uint8Array {
  return compression === "gzip" ? Bun.gzipSync(bytes, { level: 1 }) : Bun.zstdCompressSync(bytes);
}

/** Writes `blobs/sha256/HEX`, then `index.json` and `oci-layout`. */
class LayoutWriter {
  readonly folder: string;
  readonly blobs: Digest[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async create(folder: string): Promise<LayoutWriter> {
    await mkdir(join(folder, "blobs/sha256"), { recursive: true });
    return new LayoutWriter(folder);
  }

  async add(mediaType: string, bytes: Uint8Array | string): Promise<StoredDescriptor> {
    const digest = digestOf(bytes);
    if (!this.blobs.includes(digest)) this.blobs.push(digest);
    await writeFile(join(this.folder, "blobs/sha256", hexOf(digest)), bytes);
    return { mediaType, digest, size: Buffer.byteLength(bytes) };
  }

  addJson(mediaType: string, value: unknown): Promise<StoredDescriptor> {
    return this.add(mediaType, JSON.stringify(value));
  }

  async finish(top: StoredDescriptor): Promise<void> {
    const annotations = { "org.opencontainers.image.ref.name": "image" };
    const index = { schemaVersion: 2, manifests: [{ ...top, annotations }] };
    await writeFile(join(this.folder, "index.json"), JSON.stringify(index));
    await writeFile(join(this.folder, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  }
}
