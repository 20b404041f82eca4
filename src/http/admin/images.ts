import type { InputOf } from "../../admin/contract.ts";
import type { CheckAnswer, CheckedImage, ImagePage, InspectedImage, ListedImage } from "../../admin/image-schemas.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import { parseSelection, type SelectionText } from "../../oci/platform-selection.ts";
import { repositoryOf } from "../../oci/repository.ts";
import { summaryOf } from "../../registry/images/image-summary.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Inventory, InventoryPlace, InventoryQuery } from "../../registry/images/inventory.ts";
import type { PullNotes } from "../../registry/pull/pull-notes.ts";
import { parseImageName } from "../../registry/names/image-name.ts";
import { parseNamespaceFilter } from "./namespace-filter.ts";
import { formatPageToken, parsePageToken } from "./page-token.ts";

/** A page of the images that are here and match the question. Throws BAD_REQUEST for a namespace or a page token that is none, NAME_INVALID for a pattern. */
export async function listImages(
  survey: ImageSurvey,
  inventory: Inventory,
  asked: InputOf<"listImages">,
  signal: AbortSignal,
): Promise<ImagePage> {
  const query = queryOf(asked);
  const images: ListedImage[] = [];
  let last: InventoryPlace | null = null;
  for await (const { tag, manifest } of inventory.list(query, signal)) {
    if (last !== null && (images.length >= asked.limit || survey.hasSeenEnough)) {
      return { images, next: formatPageToken(query.order, last) };
    }
    const { repository, tag: name, digest, kind, updatedAtMs, pulledAtMs } = tag;
    // No place in the list tells of what is left out, the next page's beginning neither.
    if (!(await survey.sees(repositoryOf(repository)))) continue;
    const extent = await survey.measure(repositoryOf(repository), manifest);
    images.push({ name: `${repository}:${name}`, digest, kind, updatedAtMs, pulledAtMs, ...extent });
    last = tag;
  }
  return { images, next: null };
}

/**
 * Says of each image whether it is here. When they are much work, only the first ones are answered: the client asks for
 * the others again.
 */
export async function checkImages(
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

/** Describes an image that is here; null when it is not. Throws NAME_INVALID, TAG_INVALID or DIGEST_INVALID. */
export async function inspectImage(
  survey: ImageSurvey,
  pulls: Pick<PullNotes, "lastPull">,
  image: string,
): Promise<InspectedImage | null> {
  const found = await survey.find(parseImageName(image));
  if (found === null) return null;
  const { foundIn, tag, manifest: stored } = found;
  const repository = repositoryOf(foundIn);
  const visit = await survey.visit(repository);
  const manifest = await visit.parse(stored);
  const summary = summaryOf(manifest, await visit.platforms(stored, manifest));
  const here = await visit.manifestsHere(summary.platforms.map(({ digest }) => digest));
  return {
    name: tag === null ? `${foundIn}@${stored.digest}` : `${foundIn}:${tag.tag}`,
    kind: tag?.kind ?? null,
    updatedAtMs: tag?.updatedAtMs ?? null,
    pulledAtMs: await pulls.lastPull(foundIn, stored.digest),
    digest: stored.digest,
    ...summary,
    platforms: summary.platforms.map(({ platform, digest }) => ({ platform, digest, isHere: here.has(digest) })),
    sizeBytes: (await survey.measure(repository, stored)).sizeBytes,
    config: manifest.config === null ? null : await visit.config(manifest.config),
    manifestBase64: Buffer.from(stored.bytes).toString("base64"),
  };
}

function queryOf({
  namespace: named,
  search = "",
  pattern,
  kind,
  sort,
  order: direction,
  after,
}: InputOf<"listImages">) {
  const namespace = parseNamespaceFilter(named);
  const order = { by: sort, descending: direction === "desc" } as const;
  const place = after === undefined ? null : parsePageToken(after, order);
  const meant = pattern === undefined ? null : parseImagePattern(pattern);
  return { namespace, text: search, pattern: meant, kind: kind ?? null, order, after: place } satisfies InventoryQuery;
}
