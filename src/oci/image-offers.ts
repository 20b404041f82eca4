import { mapAhead } from "../lib/async/map-ahead.ts";
import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ImageReading, ManifestContent, ReadManifest } from "./image-reader.ts";
import { listedManifests } from "./manifest-references.ts";
import { isIndexType } from "./media-type.ts";
import { isNamedPlatform, type Platform } from "./platform.ts";
import { platformFits } from "./platform-fit.ts";
import type { Offer } from "./choose-platforms.ts";

/** An image that an index offers. */
export type OfferedImage<Content extends ManifestContent = ManifestContent> = {
  readonly listed: Descriptor;
  /** Null when its platform was known without reading it. */
  readonly read: ReadManifest<Content> | null;
  /** The indexes that lead to it, from the first one's child on. */
  readonly path: readonly ReadManifest<Content>[];
};

/**
 * The images that an index offers, in its order; `missing` are entries that would have to be read to know, and are not
 * there.
 */
export type ImageOffers<Content extends ManifestContent = ManifestContent> = {
  readonly offers: readonly Offer<OfferedImage<Content>>[];
  readonly missing: readonly Descriptor[];
};

/** Configs that are read at once. */
const CONFIGS = 8;

/** A place in an index: an image, or a further index and what it lists. */
type Place<Content extends ManifestContent> = {
  readonly listed: Descriptor;
  readonly path: readonly ReadManifest<Content>[];
  platform: Platform | null;
  read: ReadManifest<Content> | null;
  kind: "image" | "index" | "missing" | "again";
  below: readonly Place<Content>[];
};

/**
 * Finds the images that an index offers, with their platforms: those that it names, or else those of their configs.
 * The entries of a nested index stand in its place, without those that are for none of the `wanted` platforms; null:
 * all are. Reads no more than that takes.
 */
export async function imageOffers<Content extends ManifestContent>(
  top: ReadManifest<Content>,
  reading: ImageReading<Content>,
  wanted: readonly Platform[] | null,
): Promise<ImageOffers<Content>> {
  const known = new Map<Digest, Place<Content>>();
  const first = await placesIn(top, [], reading);
  for (let [level, depth] = [first, top.depth + 1]; level.length > 0; depth++) {
    const unread = new Map<Digest, Place<Content>>();
    for (const place of level) {
      if (reading.work.isTurnOver) await reading.work.rest();
      if (!mustRead(place, wanted)) continue;
      // Listed a second time it would offer nothing new.
      if (known.has(place.listed.digest)) place.kind = "again";
      else unread.set(place.listed.digest, place);
      known.set(place.listed.digest, place);
    }
    level = await readPlaces(unread, depth, reading);
  }
  return gather(first, reading);
}

/** What is read is known by its platform afterwards, or by what it lists: that is returned. */
async function readPlaces<Content extends ManifestContent>(
  places: ReadonlyMap<Digest, Place<Content>>,
  depth: number,
  reading: ImageReading<Content>,
): Promise<Place<Content>[]> {
  const images: Place<Content>[] = [];
  const below: Place<Content>[] = [];
  const listed = new Map([...places].map(([digest, place]) => [digest, place.listed]));
  for await (const { listed: one, read } of reading.read(listed, depth)) {
    const place = places.get(one.digest);
    if (place === undefined) continue;
    place.read = read;
    place.kind = read === null ? "missing" : read.isIndex ? "index" : "image";
    if (read?.isIndex === true) {
      place.below = await placesIn(read, [...place.path, read], reading, place.platform);
      below.push(...place.below);
    } else if (read !== null) images.push(place);
  }
  const platforms = mapAhead(images, CONFIGS, async (place) => ({
    place,
    platform: place.read === null ? null : await reading.platformOf(place.read),
  }));
  for await (const { place, platform } of platforms) place.platform = platform ?? place.platform;
  return below;
}

/** `inherited`: the platform that an index names for all that is below it. */
async function placesIn<Content extends ManifestContent>(
  { manifest }: ReadManifest<Content>,
  path: readonly ReadManifest<Content>[],
  { work }: ImageReading<Content>,
  inherited: Platform | null = null,
): Promise<Place<Content>[]> {
  const places: Place<Content>[] = [];
  for (const listed of listedManifests(manifest)) {
    if (work.isTurnOver) await work.rest();
    const platform = listed.platform ?? inherited;
    places.push({ listed, path, platform, read: null, kind: "image", below: [] });
  }
  return places;
}

/** Is its platform, or what it lists, yet to be seen? */
function mustRead<Content extends ManifestContent>(place: Place<Content>, wanted: readonly Platform[] | null): boolean {
  const { platform, mediaType } = place.listed;
  if (!isIndexType(mediaType)) return platform === undefined;
  if (platform === undefined || !isNamedPlatform(platform) || wanted === null) return true;
  // For none of them it stays an offer that nobody takes: a message can name it.
  return wanted.some((one) => platformFits(one, platform));
}

async function gather<Content extends ManifestContent>(
  first: readonly Place<Content>[],
  { work }: ImageReading<Content>,
): Promise<ImageOffers<Content>> {
  const offers: Offer<OfferedImage<Content>>[] = [];
  const missing: Descriptor[] = [];
  const visit = async (places: readonly Place<Content>[]): Promise<void> => {
    for (const { kind, listed, read, path, platform, below } of places) {
      if (work.isTurnOver) await work.rest();
      if (kind === "image") offers.push({ item: { listed, read, path }, platform });
      else if (kind === "missing") missing.push(listed);
      else await visit(below);
    }
  };
  await visit(first);
  return { offers, missing };
}
