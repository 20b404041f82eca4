import type { CheckAnswer, CheckedImage, InspectedImage } from "../../admin/image-schemas.ts";
import { parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import { summaryOf } from "../../registry/images/image-summary.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";

/** Are these images here? Answers for fewer images than were asked for, when they are much work. */
export async function checkAll(
  survey: ImageSurvey,
  images: readonly { readonly image: string; readonly platforms: SelectionText }[],
): Promise<CheckAnswer> {
  const states: CheckedImage[] = [];
  for (const { image, platforms } of images) {
    if (survey.hasSeenEnough) break;
    states.push(await survey.check(parseImageName(image), parseSelection(platforms)));
  }
  return { images: states };
}

/** An image that is here; null when it is not. */
export async function inspect(survey: ImageSurvey, image: string): Promise<InspectedImage | null> {
  const found = await survey.find(parseImageName(image));
  if (found === null) return null;
  const { foundIn, tag, manifest: stored } = found;
  const repository = repositoryOf(foundIn);
  const visit = survey.visit(repository);
  const manifest = await visit.parse(stored);
  const summary = summaryOf(manifest, await visit.platforms(stored, manifest));
  const here = await visit.manifestsHere(summary.platforms.map(({ digest }) => digest));
  return {
    name: tag === null ? `${foundIn}@${stored.digest}` : `${foundIn}:${tag.tag}`,
    kind: tag?.kind ?? null,
    updatedAtMs: tag?.updatedAtMs ?? null,
    digest: stored.digest,
    ...summary,
    platforms: summary.platforms.map(({ platform, digest }) => ({ platform, digest, isHere: here.has(digest) })),
    sizeBytes: (await survey.measure(repository, stored)).sizeBytes,
    config: manifest.config === null ? null : await visit.config(manifest.config),
    manifestBase64: Buffer.from(stored.bytes).toString("base64"),
  };
}
