import { link, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { archiveSink } from "../../src/images/archive/archive-sink.ts";
import { fileTarget } from "../../src/images/archive/archive-target.ts";
import type { ImageSink } from "../../src/images/image-sink.ts";
import { layoutSink } from "../../src/images/layout/layout-sink.ts";
import { digestOf } from "../../src/oci/digest.ts";
import type { ManifestContent } from "../../src/oci/image-reader.ts";
import { MEDIA_TYPE } from "../../src/oci/media-type.ts";
import { buildBinary } from "../build-binary.ts";
import type { SourceVersion } from "../source-version.ts";
import { TARGETS, type Target } from "../target.ts";
import { baseFiles, DEBIAN_PACKAGES } from "./base-files.ts";
import { readElfNeeds } from "./elf-needs.ts";
import { fetchDebianPackages } from "./fetch-debian-packages.ts";
import { type About, type DescribedLayer, imageConfig, labelsOf, type Variant, VARIANTS } from "./image-config.ts";
import { programFiles } from "./program-files.ts";
import { writeLayer } from "./write-layer.ts";

/** What an image is built from, and how. */
export type ImagePlan = {
  readonly source: SourceVersion;
  readonly about: About;
  /** A folder with the Debian packages, or null: apt fetches them. */
  readonly packages: string | null;
  readonly targets: readonly Target[];
  readonly gzipLevel: number;
  readonly say: (line: string) => void;
};

/** The targets that an image has: those whose C library Debian has. */
export const IMAGE_TARGETS: readonly Target[] = TARGETS.filter(({ libc }) => libc === "glibc");

/** Classic Docker takes one platform of an archive; of this one always the same, whoever builds it. */
const LISTED_FOR_DOCKER = { os: "linux", architecture: "amd64" };

/**
 * Builds larder's image into an empty folder:
 *
 * ```
 * image/               an OCI layout: larder:VERSION, larder:VERSION-registry, and the same as larder:latest
 * larder-image.tar     the same as one file, with a manifest.json for `docker load`
 * rootfs/ARCHITECTURE/{base,larder}.tar.gz    the layers, for deploy/Containerfile
 * ```
 *
 * The same source and the same packages give the same bytes. Throws an Error that says what is missing.
 */
export async function buildImage(folder: string, plan: ImagePlan): Promise<void> {
  const work = join(folder, "work");
  await mkdir(work, { recursive: true });
  const platforms: BuiltPlatform[] = [];
  for (const target of plan.targets) platforms.push(await buildPlatform(work, target, plan));
  const archive = await fileTarget(join(folder, "larder-image.tar"));
  const sinks = [
    layoutSink(join(folder, "image"), null, "oci:image"),
    archiveSink("docker", archive, null, "docker-archive:larder-image.tar", LISTED_FOR_DOCKER),
  ];
  for (const sink of sinks) {
    await putLayers(sink, platforms);
    for (const variant of VARIANTS) await putVariant(sink, platforms, variant, plan);
    await sink.close();
  }
  for (const { architecture, layers } of platforms) {
    const rootfs = join(folder, "rootfs", architecture);
    await mkdir(rootfs, { recursive: true });
    for (const [position, name] of ["base", "larder"].entries())
      await link(layers[position]?.layer.path ?? "", join(rootfs, `${name}.tar.gz`));
  }
  await rm(work, { recursive: true });
}

type BuiltPlatform = { readonly architecture: string; readonly layers: readonly DescribedLayer[] };

async function buildPlatform(work: string, target: Target, plan: ImagePlan): Promise<BuiltPlatform> {
  const { architecture } = target;
  const binary = join(work, target.file);
  await buildBinary(target, plan.source, binary);
  const program = await Bun.file(binary).bytes();
  const packages = await fetchDebianPackages(DEBIAN_PACKAGES, architecture, plan.packages);
  const base = baseFiles(packages, readElfNeeds(program));
  const versions = [...packages.values()].map(({ name, version }) => `${name} ${version}`).join(", ");
  plan.say(`${architecture}: ${versions}`);
  const write = (name: string, files: typeof base) =>
    writeLayer(files, join(work, `${architecture}-${name}.tar.gz`), plan.gzipLevel);
  return {
    architecture,
    layers: [
      { layer: await write("base", base), createdBy: `of Debian: ${versions}` },
      {
        layer: await write("larder", await programFiles(program, target, plan.source)),
        createdBy: `larder ${plan.source.version}`,
      },
    ],
  };
}

async function putLayers(sink: ImageSink, platforms: readonly BuiltPlatform[]): Promise<void> {
  for (const { layer } of platforms.flatMap(({ layers }) => layers)) {
    const { path, digest, sizeBytes } = layer;
    await sink.putBlob({ digest, sizeBytes, open: (offset) => Promise.resolve(Bun.file(path).slice(offset).stream()) });
  }
}

async function putVariant(
  sink: ImageSink,
  platforms: readonly BuiltPlatform[],
  variant: Variant,
  { source, about }: ImagePlan,
): Promise<void> {
  const annotations = labelsOf(source, about);
  const listed = [];
  for (const { architecture, layers } of platforms) {
    const config = imageConfig(architecture, variant, layers, source, about);
    await putBytes(sink, config);
    const manifest = manifestContent(MEDIA_TYPE.ociManifest, {
      config: descriptorOf(MEDIA_TYPE.ociConfig, config),
      layers: layers.map(({ layer: { digest, sizeBytes } }) => ({ mediaType: LAYER_TYPE, digest, size: sizeBytes })),
      annotations,
    });
    await sink.putManifest(manifest, null);
    listed.push({ ...descriptorOf(manifest.mediaType, manifest.bytes), platform: { architecture, os: "linux" } });
  }
  const index = manifestContent(MEDIA_TYPE.ociIndex, { manifests: listed, annotations });
  for (const tag of [source.version, "latest"]) await sink.putImage(index, `larder:${tag}${variant.suffix}`);
}

const LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip";

function manifestContent(mediaType: string, fields: object): ManifestContent {
  const bytes = new TextEncoder().encode(JSON.stringify({ schemaVersion: 2, mediaType, ...fields }));
  return { digest: digestOf(bytes), mediaType, bytes };
}

function descriptorOf(mediaType: string, bytes: Uint8Array) {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

async function putBytes(sink: ImageSink, bytes: Uint8Array): Promise<void> {
  const open = (offset: number) => Promise.resolve(new Blob([bytes.slice(offset)]).stream());
  await sink.putBlob({ digest: digestOf(bytes), sizeBytes: bytes.length, open });
}
