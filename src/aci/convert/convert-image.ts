import { gzip } from "../../lib/compression/gzip.ts";
import type { TarEntry } from "../../lib/tar/tar-entry.ts";
import { AciError } from "../aci-error.ts";
import { type AciManifest, type AciOrigin, buildLabels, buildManifest, type Dependency } from "./aci-manifest.ts";
import { type ImageConfig, parseImageConfig } from "./image-config.ts";
import type { ImageSource } from "./image-source.ts";
import { Allowance, applyLayer, type ConversionLimits, DEFAULT_LIMITS, emptyRoot, untilAborted } from "./plan-image.ts";
import type { DirectoryNode } from "./root-tree.ts";
import { writeAci } from "./write-aci.ts";
import { allPaths, missingStdio, planRoot, type RootPlan } from "./root-plan.ts";
import { WrittenLinks } from "./written-links.ts";

/** How an image is to be converted. */
export type ConversionOptions = {
  readonly origin: Omit<AciOrigin, "manifestDigest">;
  readonly compression: "gzip" | "none";
  readonly signal: AbortSignal;
  readonly limits?: ConversionLimits;
  /** How many blocks to compress at once; the number of processors is a good one. */
  readonly compressionTasks?: number;
};

/** An ACI that is ready to be written. */
export type Aci = {
  readonly manifest: AciManifest;
  /** The file's bytes, to be read once. They depend on the image and the options alone. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** `sha512-` and the SHA-512 of the uncompressed tar, which clients know the image by; null until all bytes were read. */
  readonly imageId: () => string | null;
};

/** Level 6 is gzip's own. */
const GZIP_LEVEL = 6;

/**
 * Makes one ACI of an image, its layers squashed.
 *
 * Layers are read twice: now, for their names (everything that can be wrong with an image is found here, before a byte
 * is given), and again while `bytes` are read. Memory depends on the number of files, not on their size. Throws AciError
 * for an image that cannot be converted; what a layer's source throws passes through.
 */
export async function convertImage(image: ImageSource, options: ConversionOptions): Promise<Aci> {
  const { config, origin } = readConfig(image, options);
  const root = emptyRoot();
  const allowance = new Allowance(options.limits ?? DEFAULT_LIMITS);
  for (const [number, layer] of image.layers.entries())
    await applyLayer(root, number, layer, allowance, options.signal);
  const manifest = buildManifest(config, image.config, origin);
  const plan = planRoot(root, image.layers.length, missingStdio(root, image.layers.length - 1));
  // The collector may take the root for alive long after; the plan needs nothing of it.
  root.children.clear();
  return aciOf(manifest, plan, image, options);
}

/**
 * Makes one ACI for each layer, from the bottom up, each depending on the one below; the last has the image's name and
 * app, the others `NAME-layer-1` and so on. What a layer hides is left out by `pathWhitelist`. A file that gets one more
 * name, or loses the one under which its content was written, is written once more, under all its names: see
 * `WrittenLinks`.
 *
 * Each one's bytes have to be read before the next is asked for: it names the image ID of the one before.
 */
export async function* convertLayers(image: ImageSource, options: ConversionOptions): AsyncGenerator<Aci> {
  const { config, origin } = readConfig(image, options);
  const top = buildManifest(config, image.config, origin);
  const root = emptyRoot();
  const allowance = new Allowance(options.limits ?? DEFAULT_LIMITS);
  const links = new WrittenLinks();
  let dependencies: readonly Dependency[] = [];
  for (const [number, layer] of image.layers.entries()) {
    const hidesLower = await applyLayer(root, number, layer, allowance, options.signal);
    links.settle(root, number);
    const isTop = number === image.layers.length - 1;
    const extras = isTop ? missingStdio(root, number) : [];
    const whitelist = hidesLower ? visiblePaths(root, extras) : [];
    const { acKind, acVersion, labels } = top;
    const name = `${origin.name}-layer-${number + 1}`;
    const manifest: AciManifest = {
      ...(isTop ? top : { acKind, acVersion, name, labels }),
      ...(dependencies.length === 0 ? {} : { dependencies }),
      ...(whitelist.length === 0 ? {} : { pathWhitelist: whitelist.map((path) => `/${path}`) }),
    };
    const aci = aciOf(manifest, planRoot(root, image.layers.length, extras, number), image, options);
    yield aci;
    const imageID = aci.imageId();
    if (imageID === null) throw new Error("an ACI was not read to its end before the next one was asked for");
    dependencies = [{ imageName: manifest.name, imageID, labels: buildLabels(config, origin) }];
  }
}

/** All paths that are to be seen, from which others are hidden by not being among them. Throws AciError. */
function visiblePaths(root: DirectoryNode, extras: readonly TarEntry[]): string[] {
  // The root is always there; an empty list would mean that nothing is hidden.
  const paths = ["", ...allPaths(root), ...extras.map(({ path }) => path)];
  const unnameable = paths.find((path) => !path.isWellFormed());
  if (unnameable === undefined) return paths;
  const shown = JSON.stringify(unnameable.toWellFormed().slice(0, 200));
  throw new AciError(
    `the path ${shown} is not UTF-8, so an ACI that hides what lies below it cannot list it; convert the image without --no-squash`,
  );
}

function readConfig(image: ImageSource, options: ConversionOptions): { config: ImageConfig; origin: AciOrigin } {
  const config = parseImageConfig(image.config);
  const diffIds = config.rootfs?.diff_ids?.length;
  if (diffIds !== undefined && diffIds !== image.layers.length) {
    throw new AciError(`the image's config tells of ${diffIds} layers, its manifest of ${image.layers.length}`);
  }
  if (image.layers.length === 0) throw new AciError("the image has no layers: it is not a file system");
  return { config, origin: { ...options.origin, manifestDigest: image.manifestDigest } };
}

function aciOf(manifest: AciManifest, plan: RootPlan, image: ImageSource, options: ConversionOptions): Aci {
  const { maxBytes } = options.limits ?? DEFAULT_LIMITS;
  const hasher = new Bun.CryptoHasher("sha512");
  let imageId: string | null = null;
  const tar = async function* () {
    const pieces = writeAci(manifest, plan, image.layers, maxBytes, options.signal);
    // Holes come from nowhere: the sources' own checks would not see them go by.
    for await (const piece of untilAborted(pieces, options.signal)) {
      hasher.update(piece);
      yield piece;
    }
    imageId = `sha512-${hasher.digest("hex")}`;
  };
  const tasks = options.compressionTasks ?? navigator.hardwareConcurrency;
  const bytes = options.compression === "none" ? tar() : gzip(tar(), { level: GZIP_LEVEL, tasks });
  return { manifest, bytes, imageId: () => imageId };
}
