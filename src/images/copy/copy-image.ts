import type { Descriptor } from "../../oci/descriptor.ts";
import { Turns, type Work } from "../../lib/async/turns.ts";
import { isNonDistributable } from "../../oci/media-type.ts";
import type { PlatformSelection } from "../../oci/platform-selection.ts";
import type { Digest } from "../../oci/digest.ts";
import type { BlobOutcome, ImageSink } from "../image-sink.ts";
import type { ManifestContent } from "../../oci/image-reader.ts";
import type { ImageSource, SourceImage } from "../image-source.ts";
import { type ManifestTree, readManifest, readManifestTree } from "./manifest-tree.ts";
import { mapBounded } from "../../lib/async/map-bounded.ts";
import { narrowImage } from "./narrow-image.ts";
import { openBlob } from "../open-blob.ts";
import { verifiedBlob } from "./verified-blob.ts";
import { walkReferrers } from "../../oci/referrers.ts";
import { RegistryError } from "../../oci/registry-error.ts";

/** An event of a blob's copy. `doneBytes` counts from the blob's beginning. */
export type CopyEvent =
  | { readonly kind: "blob-begins"; readonly digest: Digest; readonly sizeBytes: number }
  | { readonly kind: "blob-bytes"; readonly digest: Digest; readonly doneBytes: number }
  | { readonly kind: "blob-ends"; readonly digest: Digest; readonly outcome: BlobOutcome };

/** Options of a copy. */
export type CopyOptions = {
  readonly platforms: PlatformSelection;
  /** Bring what refers to the image (signatures, SBOMs) as well. */
  readonly referrers: boolean;
  /** Is told why that could not be found out, and the image comes without; when left out, that fails the copy. */
  readonly onReferrersFailure?: (failure: RegistryError) => void;
  /** Blobs on their way at once. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly onEvent: (event: CopyEvent) => void;
};

/**
 * An image that was copied. `name` is what the sink calls it, null when only its digest finds it. `sourceDigest` is
 * another than `digest` when some of several platforms were chosen.
 */
export type CopiedImage = {
  readonly name: string | null;
  readonly digest: Digest;
  readonly sourceDigest: Digest;
  readonly mediaType: string;
  /** As in `SourceImage`. */
  readonly isBuilt: boolean;
  readonly manifests: number;
  readonly referrers: number;
  readonly blobs: Readonly<Record<BlobOutcome, number>>;
  readonly bytesCopied: number;
  /** Layers that may not be distributed, and are not in the source: whoever runs the image fetches them from `urls`. */
  readonly notCarried: readonly { readonly digest: Digest; readonly urls: readonly string[] }[];
};

/**
 * Copies an image, byte for byte: blobs, then the manifests that others list, then its root under its name. When it
 * fails, the name in the sink is untouched. The sink is left open.
 */
export async function copyImage(
  source: ImageSource,
  image: SourceImage,
  sink: ImageSink,
  options: CopyOptions,
): Promise<CopiedImage> {
  const { signal, jobs } = options;
  const work = new Turns().begin(signal);
  const root = await narrowImage(source, await readManifest(source, image.digest), options.platforms, work);
  const tree = await readManifestTree(source, root, jobs, work);
  const attached = options.referrers ? await findReferrers(source, tree, options, work) : [];
  const { blobs: content, notCarried } = await findContent(source, [tree, ...attached.map(({ tree: one }) => one)]);
  await sink.accept(tree.manifests, notCarried);
  signal.throwIfAborted();

  const blobs = await copyBlobs(source, sink, content, options);
  const children = tree.manifests.slice(0, -1);
  await mapInOrder(children, (child) => sink.putManifest(child, null));
  for (const { tree: one, tag } of attached) {
    await mapInOrder(one.manifests.slice(0, -1), (child) => sink.putManifest(child, null));
    await mapInOrder(one.manifests.slice(-1), (top) => sink.putManifest(top, tag));
  }
  signal.throwIfAborted();
  const name = await sink.putImage(root, image.name);
  return {
    name,
    digest: root.digest,
    sourceDigest: image.digest,
    mediaType: root.mediaType,
    isBuilt: image.isBuilt,
    manifests: tree.manifests.length,
    referrers: attached.length,
    ...blobs,
    notCarried: notCarried.map(({ digest, urls = [] }) => ({ digest, urls })),
  };
}

/** The blobs to copy, each once, and the layers that need not be there and are not. */
async function findContent(source: ImageSource, trees: readonly ManifestTree[]) {
  const blobs = new Map<Digest, Descriptor>();
  const notCarried: Descriptor[] = [];
  for (const blob of trees.flatMap((tree) => tree.blobs)) {
    if (blobs.has(blob.digest) || notCarried.some(({ digest }) => digest === blob.digest)) continue;
    const isHere = !isNonDistributable(blob.mediaType) || (await source.blob(blob)) !== null;
    if (isHere) blobs.set(blob.digest, blob);
    else notCarried.push(blob);
  }
  return { blobs: [...blobs.values()], notCarried };
}

type CopiedBlobs = Pick<CopiedImage, "blobs" | "bytesCopied">;

async function copyBlobs(
  source: ImageSource,
  sink: ImageSink,
  blobs: readonly Descriptor[],
  options: CopyOptions,
): Promise<CopiedBlobs> {
  // Once one blob has failed, the others are not worth their bytes.
  const failure = new AbortController();
  const signal = AbortSignal.any([options.signal, failure.signal]);
  const count = { present: 0, mounted: 0, copied: 0 };
  let bytesCopied = 0;
  await mapBounded(blobs, options.jobs, async (descriptor) => {
    try {
      signal.throwIfAborted();
      const { outcome, sizeBytes } = await copyBlob(source, sink, descriptor, { ...options, signal });
      count[outcome] += 1;
      if (outcome === "copied") bytesCopied += sizeBytes;
    } catch (error) {
      failure.abort(error);
      throw error;
    }
  });
  return { blobs: count, bytesCopied };
}

async function copyBlob(
  source: ImageSource,
  sink: ImageSink,
  descriptor: Descriptor,
  { signal, onEvent }: Pick<CopyOptions, "signal" | "onEvent">,
): Promise<{ readonly outcome: BlobOutcome; readonly sizeBytes: number }> {
  const { digest } = descriptor;
  const content = await openBlob(source, descriptor);
  onEvent({ kind: "blob-begins", digest, sizeBytes: content.sizeBytes });
  const blob = verifiedBlob(descriptor, content, source.location, (doneBytes) => {
    signal.throwIfAborted();
    onEvent({ kind: "blob-bytes", digest, doneBytes });
  });
  const outcome = await sink.putBlob(blob);
  onEvent({ kind: "blob-ends", digest, outcome });
  return { outcome, sizeBytes: content.sizeBytes };
}

async function mapInOrder(
  manifests: readonly ManifestContent[],
  put: (manifest: ManifestContent) => Promise<void>,
): Promise<void> {
  for (const manifest of manifests) await put(manifest);
}

/** What refers to an image, whole; `tag` as in `Referrer`. */
type AttachedTree = { readonly tree: ManifestTree; readonly tag: string | null };

async function findReferrers(
  source: ImageSource,
  tree: ManifestTree,
  { jobs, signal, onReferrersFailure }: CopyOptions,
  work: Work,
): Promise<readonly AttachedTree[]> {
  try {
    return await readReferrers(source, tree, jobs, work);
  } catch (error) {
    signal.throwIfAborted();
    if (onReferrersFailure === undefined || !(error instanceof RegistryError)) throw error;
    onReferrersFailure(error);
    return [];
  }
}

/**
 * Everything that refers to one of the manifests of `tree`, and what refers to that in turn. What is listed and is not
 * there was deleted: a list under a tag is nobody's to mend.
 */
async function readReferrers(
  source: ImageSource,
  tree: ManifestTree,
  jobs: number,
  work: Work,
): Promise<readonly AttachedTree[]> {
  const subjects = tree.manifests.map(({ digest }) => digest);
  const found = await walkReferrers<AttachedTree | null>(subjects, {
    find: (subject) => source.referrers(subject),
    enter: async ({ digest, tag }) => {
      const root = await source.manifest(digest);
      if (root === null) return { value: null, manifests: [] };
      const attached = await readManifestTree(source, root, jobs, work);
      return { value: { tree: attached, tag }, manifests: attached.manifests.map((manifest) => manifest.digest) };
    },
    jobs,
  });
  return found.filter((attached) => attached !== null);
}
