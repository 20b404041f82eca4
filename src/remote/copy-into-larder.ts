import type { AdminClient } from "../admin/admin-client.ts";
import { type CopiedImage, type CopyEvent, copyImage } from "../images/copy/copy-image.ts";
import { tellNotCarried, tellReferrersFailure } from "../images/copy/not-carried.ts";
import type { ImageSink } from "../images/image-sink.ts";
import type { ManifestContent } from "../oci/image-reader.ts";
import type { ImageSource } from "../images/image-source.ts";
import { incompleteIndex, readManifest } from "../images/copy/manifest-tree.ts";
import { sourceReader } from "../images/copy/source-reader.ts";
import { Turns, type Work } from "../lib/async/turns.ts";
import { walkImage } from "../oci/image-walk.ts";
import type { PlatformSelection } from "../oci/platform-selection.ts";
import { registrySink } from "../images/registry/registry-sink.ts";
import type { Digest } from "../oci/digest.ts";
import { isIndexType } from "../oci/media-type.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import type { Referrer } from "../oci/referrers.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { LOCAL, type RepositoryPath } from "../oci/repository-name.ts";
import type { RegistryClient } from "../upstream/registry-client.ts";
import type { CommandIo } from "../lib/command/command-io.ts";
import { openOwnRegistry, PARALLEL_BLOBS } from "./own-registry.ts";

/**
 * Copies an image from its own registry into a larder, as if larder had fetched it: an index stays as it is though only
 * some of its platforms come along, and tags become cached ones, since they are no person's push.
 */
export async function copyIntoLarder(
  reference: Reference,
  larder: AdminClient,
  client: RegistryClient,
  selection: PlatformSelection,
  observe: (event: CopyEvent) => void,
  io: CommandIo,
): Promise<{ readonly digest: Digest; readonly fetchedBytes: number; readonly warnings: readonly string[] }> {
  const { signal } = io;
  const source = await openOwnRegistry(reference, io);
  const path = pathAtLarder(reference);
  const name = formatReference({ ...reference, tag: null, digest: null });
  const adopt = async (tag: string | null, digest: Digest, index?: Uint8Array) => {
    const image = tag === null ? `${name}@${digest}` : `${name}:${tag}`;
    const indexBase64 = index === undefined ? undefined : Buffer.from(index).toString("base64");
    const { adopted } = await larder.call("adoptImage", { image, digest, indexBase64 });
    if (adopted) return;
    throw new RegistryError(
      "MANIFEST_UNKNOWN",
      `larder does not keep ${name} under that name: if ${reference.namespace} is another registry, start larder with --stand-in ${reference.namespace}`,
    );
  };
  const pushed = registrySink(client, { ...reference, path, tag: null, digest: null }, null, signal);
  const sink: ImageSink = {
    ...pushed,
    async putManifest(content, tag) {
      await pushed.putManifest(content, null);
      if (tag !== null) await adopt(tag, content.digest);
    },
  };
  const root = await rootOf(source);
  const warnings = new Set<string>();
  let fetchedBytes = 0;
  const left: CopiedImage["notCarried"][number][] = [];
  const options = {
    platforms: { kind: "all" },
    referrers: true,
    onReferrersFailure: (failure: RegistryError) => void warnings.add(tellReferrersFailure(failure)),
    jobs: PARALLEL_BLOBS,
    signal,
    onEvent: observe,
  } as const;
  const { images, indexes } = await partsOf(source, root, selection, new Turns().begin(signal));
  // The images that an index lists bring what refers to them; to the index itself nothing else does.
  const isPart = isIndexType(root.mediaType) && !images.some(({ digest }) => digest === root.digest);
  const attached = isPart
    ? await referrersOf(source, root.digest, (failure) => options.onReferrersFailure(failure))
    : [];
  signal.throwIfAborted();
  for (const { digest, tag } of [...images, ...attached]) {
    const { bytesCopied, notCarried } = await copyImage(source, { name: null, digest, isBuilt: false }, sink, options);
    fetchedBytes += bytesCopied;
    left.push(...notCarried);
    if (tag !== null) await adopt(tag, digest);
  }
  for (const { digest, bytes } of indexes.toReversed()) await adopt(null, digest, bytes);
  if (isIndexType(root.mediaType)) await adopt(reference.tag, root.digest, root.bytes);
  else if (reference.tag !== null) await adopt(reference.tag, root.digest);
  const lack = tellNotCarried(left);
  return { digest: root.digest, fetchedBytes, warnings: [...warnings, ...(lack === null ? [] : [lack])] };
}

async function rootOf(source: ImageSource): Promise<ManifestContent> {
  const [image] = await source.images();
  if (image === undefined) throw new TypeError(`${source.location} names no image`);
  return readManifest(source, image.digest);
}

async function referrersOf(
  source: ImageSource,
  digest: Digest,
  onFailure: (failure: RegistryError) => void,
): Promise<readonly Referrer[]> {
  try {
    return await source.referrers(digest);
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    onFailure(error);
    return [];
  }
}

/** Below larder's own address every image has its full name; the port of a host in it is larder's own liberty. */
function pathAtLarder({ namespace, path }: Reference): RepositoryPath {
  return namespace === LOCAL ? path : (`${namespace}/${path}` as RepositoryPath);
}

/** The selected parts of an image: images to copy whole, and the indexes between the first one and them. */
type Parts = { readonly images: readonly Referrer[]; readonly indexes: readonly ManifestContent[] };

/** The image itself is one part when it is meant whole; else there are those of the platforms. */
async function partsOf(
  source: ImageSource,
  root: ManifestContent,
  selection: PlatformSelection,
  work: Work,
): Promise<Parts> {
  if (selection.kind === "all") return { images: [{ digest: root.digest, tag: null }], indexes: [] };
  const [images, indexes]: [Referrer[], ManifestContent[]] = [[], []];
  const reader = sourceReader(source, PARALLEL_BLOBS, work);
  for await (const step of walkImage(root, { reader, selection, work })) {
    if (step.kind === "missing") throw incompleteIndex(source, root.digest, step.listed);
    // An index that lists blobs is meant whole, or not with them.
    if (step.isIndex && step.blobs.length > 0) return { images: [{ digest: root.digest, tag: null }], indexes: [] };
    if (!step.isIndex) images.push({ digest: step.content.digest, tag: null });
    else if (step.listed !== null) indexes.push(step.content);
  }
  return { images, indexes };
}
