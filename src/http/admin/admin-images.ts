import type { HasAnswer, ImagesAnswer, InspectedImage, ListedImage } from "../../admin/admin.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { parseRepositoryPath, repositoryName, tryParseNamespace } from "../../oci/repository-name.ts";
import { parseTag } from "../../oci/tag.ts";
import { parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import { summaryOf } from "../../registry/images/image-summary.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Inventory, InventoryPlace } from "../../registry/images/inventory.ts";

/** Images of one answer. */
const IMAGES_PAGE = 1000;

/** The answer to "has": for fewer images than were asked for, when they are much work. */
export async function checkAll(
  survey: ImageSurvey,
  images: readonly { readonly image: string; readonly platforms: SelectionText }[],
): Promise<HasAnswer> {
  const states: HasAnswer["images"][number][] = [];
  for (const { image, platforms } of images) {
    if (survey.hasSeenEnough) break;
    states.push(await survey.check(parseImageName(image), parseSelection(platforms)));
  }
  return { images: states };
}

/** Images that are here, those behind the one that is named `after`: a page of them. Throws BAD_REQUEST. */
export async function listImages(
  survey: ImageSurvey,
  inventory: Inventory,
  after: string | null,
  signal: AbortSignal,
  page = IMAGES_PAGE,
): Promise<ImagesAnswer> {
  const images: ListedImage[] = [];
  const query = { namespace: null, text: "", kind: null, order: { by: "name", descending: false } } as const;
  const place = after === null ? null : parsePlace(after);
  for await (const { tag, manifest } of inventory.list({ ...query, after: place }, signal)) {
    const last = images.at(-1);
    if (last !== undefined && (images.length >= page || survey.hasSeenEnough)) return { images, next: last.name };
    const { repository, tag: name, digest, kind, updatedAtMs } = tag;
    const extent = await survey.measure(repositoryOf(repository), manifest);
    images.push({ name: `${repository}:${name}`, digest, kind, updatedAtMs, ...extent });
  }
  return { images, next: null };
}

/** A full name as the list has it: it is looked up as it stands. */
function parsePlace(name: string): InventoryPlace {
  const [slash, colon] = [name.indexOf("/"), name.lastIndexOf(":")];
  const namespace = tryParseNamespace(name.slice(0, Math.max(0, slash)));
  if (namespace === null || colon < slash) {
    throw new RegistryError("BAD_REQUEST", `after=${quoteBriefly(name)} is not the full name of an image with its tag`);
  }
  const path = parseRepositoryPath(name.slice(slash + 1, colon));
  const tag = parseTag(name.slice(colon + 1));
  return { repository: repositoryName(namespace, path), tag, kind: "pushed", updatedAtMs: 0 };
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
