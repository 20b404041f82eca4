import type { Work } from "../lib/async/turns.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import { ImageBounds } from "./image-bounds.ts";
import { type ImageOffers, imageOffers, type OfferedImage } from "./image-offers.ts";
import { type ImageReader, ImageReading, type ManifestContent, type ReadManifest } from "./image-reader.ts";
import { blobsOf, listedManifests } from "./manifest-references.ts";
import { isManifestType } from "./media-type.ts";
import type { Platform } from "./platform.ts";
import { choose, chooseSteps } from "./choose-platforms.ts";
import { type PlatformSelection, wantedOf } from "./platform-selection.ts";
import { RegistryError } from "./registry-error.ts";

/** A step of a walk: a selected manifest, or the descriptor of one that is selected but not there. */
export type WalkStep<Content extends ManifestContent = ManifestContent> =
  | WalkedManifest<Content>
  | { readonly kind: "missing"; readonly listed: Descriptor };

/**
 * A selected manifest. `blobs` are those that it needs; none for an index of which only some platforms are selected.
 */
export type WalkedManifest<Content extends ManifestContent = ManifestContent> = ReadManifest<Content> & {
  readonly kind: "manifest";
  readonly blobs: readonly Descriptor[];
};

/** What a walk reads, which images it selects, and its bounds. */
export type WalkOptions<Content extends ManifestContent = ManifestContent> = {
  readonly reader: ImageReader<Content>;
  readonly selection: PlatformSelection;
  readonly work: Work;
  readonly bounds?: ImageBounds;
};

/**
 * Walks the selected manifests of an image, each of them once, every index before what it lists.
 *
 * An index may leave out the platform of an image: its config tells it then. It may list further indexes: what those
 * list counts as if it stood in their place. Throws MANIFEST_UNKNOWN when there is nothing for a platform, and
 * MANIFEST_INVALID for what no image is: too deep, too large, or not to be parsed.
 */
export async function* walkImage<Content extends ManifestContent>(
  root: Content,
  { reader, selection, work, bounds = new ImageBounds() }: WalkOptions<Content>,
): AsyncGenerator<WalkStep<Content>, void, void> {
  const reading = new ImageReading(reader, work, bounds);
  const top = await reading.enter(root, null, 0);
  const seen = new Set<Digest>();
  if (selection.kind === "all") {
    seen.add(top.content.digest);
    yield { kind: "manifest", ...top, blobs: blobsOf(top.manifest) };
    yield* walkBelow(top, reading, seen);
  } else yield* walkSelected(top, reading, selection, seen);
}

/**
 * The platforms of an image by the digests of its manifests, as the index or their configs name them. Empty for an
 * index that no image has.
 */
export async function platformsIn<Content extends ManifestContent>(
  root: Content,
  reader: ImageReader<Content>,
  work: Work,
): Promise<ReadonlyMap<Digest, Platform | null>> {
  const reading = new ImageReading(reader, work, new ImageBounds());
  try {
    const top = await reading.enter(root, null, 0);
    if (!top.isIndex) return new Map([[root.digest, await reading.platformOf(top)]]);
    const { offers } = await imageOffers(top, reading, null);
    return new Map(offers.map(({ item: { listed }, platform }) => [listed.digest, platform]));
  } catch (error) {
    if (error instanceof RegistryError && error.code === "MANIFEST_INVALID") return new Map();
    throw error;
  }
}

/** Everything that an index lists, level by level. */
async function* walkBelow<Content extends ManifestContent>(
  top: ReadManifest<Content>,
  reading: ImageReading<Content>,
  seen: Set<Digest>,
): AsyncGenerator<WalkStep<Content>, void, void> {
  const addListed = async ({ manifest }: ReadManifest<Content>, level: Map<Digest, Descriptor>) => {
    for (const listed of listedManifests(manifest)) {
      if (reading.work.isTurnOver) await reading.work.rest();
      if (!seen.has(listed.digest)) level.set(listed.digest, listed);
      seen.add(listed.digest);
    }
    return level;
  };
  let level = await addListed(top, new Map());
  for (let depth = top.depth + 1; level.size > 0; depth++) {
    const next = new Map<Digest, Descriptor>();
    for await (const { listed, read } of reading.read(level, depth)) {
      if (read === null) yield { kind: "missing", listed };
      else yield { kind: "manifest", ...read, blobs: blobsOf(read.manifest) };
      if (read !== null) await addListed(read, next);
    }
    level = next;
  }
}

/** What is chosen, with the indexes that lead there. */
async function* walkSelected<Content extends ManifestContent>(
  top: ReadManifest<Content>,
  reading: ImageReading<Content>,
  selection: PlatformSelection,
  seen: Set<Digest>,
): AsyncGenerator<WalkStep<Content>, void, void> {
  const { chosen, missing } = await chooseIn(top, reading, selection);
  if (chosen === "all") {
    seen.add(top.content.digest);
    yield { kind: "manifest", ...top, blobs: blobsOf(top.manifest) };
    yield* walkBelow(top, reading, seen);
    return;
  }
  yield* once([top], seen);
  for (const listed of missing) yield { kind: "missing", listed };
  const unread = new Map<number, Map<Digest, Descriptor>>();
  for (const { listed, read, path } of chosen) {
    yield* once(path, seen);
    const depth = top.depth + path.length + 1;
    if (read !== null) yield* once([read], seen);
    else unread.set(depth, (unread.get(depth) ?? new Map<Digest, Descriptor>()).set(listed.digest, listed));
  }
  for (const [depth, level] of unread) {
    for await (const { listed, read } of reading.read(level, depth)) {
      if (read === null) yield { kind: "missing", listed };
      // An index may have called a further one an image.
      else if (read.isIndex) yield* walkSelected(read, reading, selection, seen);
      else yield* once([read], seen);
    }
  }
}

/**
 * The images that were chosen. `missing` are listed manifests that are not there and may be among the selected ones.
 */
export type ChosenImages<Content extends ManifestContent = ManifestContent> = {
  /** `all`: the image is no index, or its images are for no platform rather than another. */
  readonly chosen: readonly OfferedImage<Content>[] | "all";
  readonly missing: readonly Descriptor[];
};

/** Chooses the selected images, and reads no more manifests and configs than that takes. Throws as `walkImage` does. */
export async function chooseImages<Content extends ManifestContent>(
  root: Content,
  { reader, selection, work, bounds = new ImageBounds() }: WalkOptions<Content>,
): Promise<ChosenImages<Content>> {
  const reading = new ImageReading(reader, work, bounds);
  return chooseIn(await reading.enter(root, null, 0), reading, selection);
}

async function chooseIn<Content extends ManifestContent>(
  top: ReadManifest<Content>,
  reading: ImageReading<Content>,
  selection: PlatformSelection,
): Promise<ChosenImages<Content>> {
  // An index of blobs alone, such as a build cache, is for no platform rather than another.
  const { manifests } = top.manifest;
  if (manifests.length > 0 && !manifests.some(({ mediaType }) => isManifestType(mediaType))) {
    return { chosen: "all", missing: [] };
  }
  if (top.isIndex) return chooseAmong(await imageOffers(top, reading, wantedOf(selection)), selection, reading.work);
  if (selection.kind === "only") choose([{ item: top, platform: await reading.platformOf(top) }], selection);
  return { chosen: "all", missing: [] };
}

/** Where images are not there whose platforms nobody has named, one of them may be what seems to be lacking. */
async function chooseAmong<Content extends ManifestContent>(
  { offers, missing }: ImageOffers<Content>,
  selection: PlatformSelection,
  work: Work,
): Promise<ChosenImages<Content>> {
  const isForAll = offers.every(({ platform }) => platform === null);
  if (isForAll && missing.length > 0) return { chosen: offers.map(({ item }) => item), missing };
  try {
    const chosen = await work.finish(chooseSteps(offers, selection));
    return { chosen: isForAll ? "all" : chosen, missing: [] };
  } catch (error) {
    if (missing.length === 0 || !(error instanceof RegistryError)) throw error;
    return { chosen: [], missing };
  }
}

function* once<Content extends ManifestContent>(
  manifests: readonly ReadManifest<Content>[],
  seen: Set<Digest>,
): Generator<WalkedManifest<Content>, void, void> {
  for (const read of manifests) {
    if (seen.has(read.content.digest)) continue;
    seen.add(read.content.digest);
    yield { kind: "manifest", ...read, blobs: read.isIndex ? [] : blobsOf(read.manifest) };
  }
}
