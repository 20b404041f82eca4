import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { Space } from "../../admin/space-schemas.ts";
import { parseDigest } from "../../oci/digest.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { DiskRoom } from "../../registry/space/disk-room.ts";
import type { ImagePlace, SpaceSurvey } from "../../registry/space/space-survey.ts";
import type { ImageSpace } from "../../storage/space.ts";

/** What answers of space are made of. */
export type SpaceParts = {
  readonly survey: SpaceSurvey;
  readonly room: Pick<DiskRoom, "state" | "problem">;
  readonly folder: () => Promise<Space["others"]>;
};

/** What takes the space, as a whole. */
export async function spaceOverview({ survey, room, folder }: SpaceParts, signal: AbortSignal): Promise<Space> {
  const { usedBytes, freeBytes, diskBytes, maxBytes, keepFreeBytes } = await room.state();
  const { pushedBytes, cachedBytes, unheldBytes, namespaces, repositories } = await survey.overview(signal);
  return {
    maxBytes,
    keepFreeBytes,
    freeBytes,
    diskBytes,
    usedBytes,
    problem: room.problem,
    blobs: { pushedBytes, cachedBytes, unheldBytes },
    others: await folder(),
    namespaces: [...namespaces],
    repositories: [...repositories],
  };
}

/** What images take, a page of them. Throws NAME_INVALID, BAD_REQUEST. */
export async function imageSpace(
  { survey }: SpaceParts,
  { pattern, limit, after }: InputOf<"listImageSpace">,
  signal: AbortSignal,
): Promise<AnswerOf<"listImageSpace">> {
  const place = after === undefined ? null : parsePlace(after);
  const { images, next } = await survey.images(pattern, place, limit, signal);
  return {
    images: images.map(({ image, heldBy }) => ({ ...described(image), heldBy })),
    next: next === null ? null : `${next.repository}@${next.digest}`,
  };
}

/** What an eviction would take. */
export async function nextEvictions(
  { survey }: SpaceParts,
  { bytes = Number.MAX_SAFE_INTEGER, limit }: InputOf<"listNextEvictions">,
  signal: AbortSignal,
): Promise<AnswerOf<"listNextEvictions">> {
  return { images: (await survey.next(bytes, limit, signal)).map(described) };
}

function described({ repository, digest, tags, isPushed, sizeBytes, ownBytes, usedAtMs, pulledAtMs }: ImageSpace) {
  const [tag] = tags;
  const name = tag === undefined ? `${repository}@${digest}` : `${repository}:${tag}`;
  const kind = isPushed ? ("pushed" as const) : ("cached" as const);
  return { name, tags: [...tags], digest, kind, sizeBytes, ownBytes, usedAtMs, pulledAtMs };
}

function parsePlace(text: string): ImagePlace {
  const [repository = "", digest = ""] = text.split("@");
  try {
    return { repository: repository as RepositoryName, digest: parseDigest(digest) };
  } catch (cause) {
    throw new RegistryError("BAD_REQUEST", "`after` is not the `next` of a page", { cause });
  }
}
