import type { InputOf } from "../../admin/contract.ts";
import type { ImagePage, ListedImage } from "../../admin/image-schemas.ts";
import { quoteBriefly } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import { tryParseNamespace } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { ImageSurvey } from "../../registry/images/image-survey.ts";
import type { Inventory, InventoryPlace, InventoryQuery } from "../../registry/images/inventory.ts";
import { formatPageToken, parsePageToken } from "./page-token.ts";

/** Images that are here: a page of those that are meant. Throws BAD_REQUEST. */
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
    const { repository, tag: name, digest, kind, updatedAtMs } = tag;
    const extent = await survey.measure(repositoryOf(repository), manifest);
    images.push({ name: `${repository}:${name}`, digest, kind, updatedAtMs, ...extent });
    last = tag;
  }
  return { images, next: null };
}

function queryOf({ namespace: named, search = "", kind, sort, order: direction, after }: InputOf<"listImages">) {
  const namespace = named === undefined ? null : tryParseNamespace(named);
  if (named !== undefined && namespace === null) {
    throw new RegistryError("BAD_REQUEST", `namespace=${quoteBriefly(named)} is not a registry's host`);
  }
  const order = { by: sort, descending: direction === "desc" } as const;
  const place = after === undefined ? null : parsePageToken(after, order);
  return { namespace, text: search, kind: kind ?? null, order, after: place } satisfies InventoryQuery;
}
