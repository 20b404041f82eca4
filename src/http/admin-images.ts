import type { HasAnswer, InspectedImage, ListedImage } from "../api/admin.ts";
import { RegistryError } from "../oci/registry-error.ts";
import { splitRepositoryName } from "../oci/repository-name.ts";
import { type Platform, tryParsePlatform } from "../oci/platform.ts";
import { parseImageName } from "../registry/image-name.ts";
import { summaryOf } from "../registry/image-summary.ts";
import type { ImageSurvey } from "../registry/image-survey.ts";
import type { PlatformChoice } from "../registry/image-walk.ts";
import type { Inventory } from "../registry/inventory.ts";

/** Platforms as the API has them. */
export type Platforms = "all" | readonly string[];

/** The answer to "has": for fewer images than were asked for, when they are much work. */
export async function checkAll(
  survey: ImageSurvey,
  images: readonly { readonly image: string; readonly platforms: Platforms }[],
): Promise<HasAnswer> {
  const states: HasAnswer["images"][number][] = [];
  for (const { image, platforms } of images) {
    if (survey.hasSeenEnough) break;
    states.push(await survey.check(parseImageName(image), parsePlatforms(platforms)));
  }
  return { images: states };
}

/** All images that are here. */
export async function listImages(survey: ImageSurvey, inventory: Inventory): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for await (const { repository, tag, manifest } of inventory.list()) {
    const { tag: name, digest, kind, updatedAtMs } = tag;
    const extent = await survey.measure(splitRepositoryName(repository), manifest);
    images.push({ name: `${repository}:${name}`, digest, kind, updatedAtMs, ...extent });
  }
  return images;
}

/** An image that is here; null when it is not. */
export async function inspect(survey: ImageSurvey, image: string): Promise<InspectedImage | null> {
  const found = await survey.find(parseImageName(image));
  if (found === null) return null;
  const { repository, tag, manifest: stored } = found;
  const target = splitRepositoryName(repository);
  const visit = survey.visit(target);
  const manifest = await visit.read(stored, 0);
  const summary = summaryOf(manifest);
  const here = await visit.manifestsHere(summary.platforms.map(({ digest }) => digest));
  return {
    name: tag === null ? `${repository}@${stored.digest}` : `${repository}:${tag.tag}`,
    kind: tag?.kind ?? null,
    updatedAtMs: tag?.updatedAtMs ?? null,
    digest: stored.digest,
    ...summary,
    platforms: summary.platforms.map(({ platform, digest }) => ({ platform, digest, isHere: here.has(digest) })),
    sizeBytes: (await survey.measure(target, stored)).sizeBytes,
    config: await visit.readConfig(manifest),
    manifestBase64: Buffer.from(stored.bytes).toString("base64"),
  };
}

/** Platforms of a request. Throws BAD_REQUEST. */
export function parsePlatforms(list: Platforms): PlatformChoice {
  if (list === "all") return "all";
  return list.map((text): Platform => {
    const platform = tryParsePlatform(text);
    if (platform === null)
      throw new RegistryError("BAD_REQUEST", `${JSON.stringify(text)} is not a platform such as linux/arm64`);
    return platform;
  });
}
