import type { InputOf } from "../../admin/contract.ts";
import type { FoundImage, FoundImages, FoundNamespaces, FoundRepository } from "../../admin/search-schemas.ts";
import type { ImageQuestion, ImageSearch, Searcher, ShownImage } from "../../registry/images/image-search.ts";
import type { RepositoryTally } from "../../storage/image-search.ts";
import { parseNamespaceFilter } from "./namespace-filter.ts";

/** What is shown of a part of the images that match. Throws BAD_REQUEST for a namespace that is none. */
export async function searchImages(
  search: ImageSearch,
  asked: InputOf<"searchImages">,
  searcher: Searcher,
): Promise<FoundImages> {
  const { images, total, isCut, unmeasured } = await search.images(questionOf(asked), orderOf(asked), asked, searcher);
  return { images: images.map(shownImage), total, isCut, unmeasured };
}

/** As `searchImages`, a line a repository. */
export async function searchRepositories(
  search: ImageSearch,
  asked: InputOf<"searchRepositories">,
  searcher: Searcher,
) {
  const { repositories, ...rest } = await search.repositories(questionOf(asked), orderOf(asked), asked, searcher);
  return { repositories: repositories.map(shownRepository), ...rest };
}

/** The namespaces of the images that match. */
export async function listNamespaces(
  search: ImageSearch,
  asked: InputOf<"listNamespaces">,
  searcher: Searcher,
): Promise<FoundNamespaces> {
  const { namespaces, isCut } = await search.namespaces(questionOf(asked), searcher);
  return { namespaces: namespaces.map(({ bytes, ...rest }) => ({ ...rest, sizeBytes: bytes })), isCut };
}

type Filters = InputOf<"listNamespaces"> & { readonly namespace?: string | undefined };

function questionOf({ text, namespace, kind, pinned, signed }: Filters): ImageQuestion {
  const [isPinned, isSigned] = [flagOf(pinned), flagOf(signed)];
  return { text, namespace: parseNamespaceFilter(namespace), kind: kind ?? null, isPinned, isSigned };
}

function orderOf<By>({ sort, order }: { readonly sort: By; readonly order: "asc" | "desc" }) {
  return { by: sort, descending: order === "desc" };
}

function flagOf(text: "true" | "false" | undefined): boolean | null {
  return text === undefined ? null : text === "true";
}

function shownImage(image: ShownImage): FoundImage {
  const { repository, tag, digest, kind, isCovering, measure, pin, heldBy, updatedAtMs, pulledAtMs } = image;
  return {
    name: `${repository}:${tag}`,
    digest,
    kind,
    covers: isCovering,
    sizeBytes: measure?.sizeBytes ?? null,
    platforms: measure === null ? null : [...measure.platforms],
    signed: measure?.isSigned ?? null,
    pin,
    heldBy,
    updatedAtMs,
    pulledAtMs,
  };
}

function shownRepository({ repository, bytes, ...rest }: RepositoryTally): FoundRepository {
  return { name: repository, sizeBytes: bytes, ...rest };
}
