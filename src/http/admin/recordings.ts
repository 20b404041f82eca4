import * as v from "valibot";
import type { AnswerOf, InputOf } from "../../admin/contract.ts";
import type { ListedImageOfRecording, ListedRecording } from "../../admin/recording-schemas.ts";
import { RegistryError } from "../../oci/registry-error.ts";
import type { MayPull } from "../../registry/names/search-order.ts";
import type { Recordings } from "../../registry/recordings/recordings.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { RecordedImage, RecordedPlace, RecordedPull, Recording } from "../../storage/recordings.ts";
import type { AdminAsker } from "./admin-asker.ts";

/** The operations on recordings. */
export function recordingActions(recordings: Recordings) {
  return {
    listRecordings: async (): Promise<AnswerOf<"listRecordings">> => ({
      recordings: (await recordings.list()).map(listed),
    }),
    startRecording: async (
      { name, from, append }: InputOf<"startRecording">,
      _: AbortSignal,
      { who }: AdminAsker,
    ): Promise<AnswerOf<"startRecording">> => listed(await recordings.start({ name, from, append }, who)),
    stopRecording: async ({ name }: InputOf<"stopRecording">): Promise<AnswerOf<"stopRecording">> =>
      listed(await recordings.stop(name)),
    getRecording: async (
      { name, search = "", after, limit }: InputOf<"getRecording">,
      _: AbortSignal,
      { mayPull }: AdminAsker,
    ): Promise<AnswerOf<"getRecording">> => {
      const recording = await recordings.get(name);
      const place = after === undefined ? null : parsePlace(after);
      const found = await recordings.images(recording.id, { text: search, after: place, limit: limit + 1 });
      const page = found.slice(0, limit);
      const last = found.length > limit ? (page.at(-1) ?? null) : null;
      const images = (await visibleTo(page, mayPull)).map(imageOf);
      return { recording: listed(recording), images, next: last === null ? null : formatPlace(last) };
    },
    removeRecording: async ({ name }: InputOf<"removeRecording">): Promise<AnswerOf<"removeRecording">> => {
      await recordings.remove(name);
      return { name };
    },
  };
}

function listed({ name, startedAtMs, stoppedAtMs, who, networks, images, fullAtMs }: Recording): ListedRecording {
  return { name, startedAtMs, stoppedAtMs, who, from: [...networks], images, fullAtMs };
}

/** What somebody may not pull is not there for them. */
async function visibleTo(images: readonly RecordedImage[], mayPull: MayPull): Promise<readonly RecordedImage[]> {
  if (mayPull === undefined) return images;
  const seen: RecordedImage[] = [];
  for (const image of images) if (await mayPull(repositoryOf(image.repository))) seen.push(image);
  return seen;
}

function imageOf({ repository, tag, kind, parts, ...pull }: RecordedImage): ListedImageOfRecording {
  return { name: repository, tag, kind, ...factsOf(pull), parts: parts.map(factsOf) };
}

function factsOf({ digest, platform, sizeBytes, atMs, who, from }: Omit<RecordedPull, "repository" | "tag" | "kind">) {
  return { digest, platform, sizeBytes, atMs, who, from };
}

const place = v.strictTuple([v.string(), v.nullable(v.string()), v.string()]);

function formatPlace({ repository, tag, digest }: RecordedPlace): string {
  return Buffer.from(JSON.stringify([repository, tag, digest])).toString("base64url");
}

/** One that a client made up shows nothing that the list does not. */
function parsePlace(token: string): RecordedPlace {
  try {
    const [repository, tag, digest] = v.parse(place, JSON.parse(Buffer.from(token, "base64url").toString()));
    return { repository, tag, digest } as RecordedPlace;
  } catch {
    throw new RegistryError("BAD_REQUEST", "`after` is not the `next` of a page");
  }
}
