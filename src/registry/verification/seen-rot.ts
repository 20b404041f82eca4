import type { MayPull } from "../names/search-order.ts";
import { parseImageName } from "../names/image-name.ts";

/** What is rotten, of images that somebody may pull; what is known by others alone is left out. */
export async function seenRot<Rot extends { readonly images: readonly string[] }>(
  rotten: readonly Rot[],
  mayPull: MayPull,
): Promise<readonly Rot[]> {
  if (mayPull === undefined) return rotten;
  const seen: Rot[] = [];
  for (const one of rotten) {
    const images: string[] = [];
    for (const image of one.images) if (await mayPull(parseImageName(image))) images.push(image);
    if (images.length > 0) seen.push({ ...one, images });
  }
  return seen;
}
