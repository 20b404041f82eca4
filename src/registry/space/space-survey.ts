import type { Turns } from "../../lib/async/turns.ts";
import type { Digest } from "../../oci/digest.ts";
import { parseImagePattern } from "../../oci/image-pattern.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { KindTotals, ImageSpace, RepositorySpace, SpaceStore } from "../../storage/space.ts";
import type { Holds } from "../holds/holds.ts";
import type { Evictor } from "./evictor.ts";

/** What a look at space works with. */
export type SpaceSurveyParts = {
  readonly space: SpaceStore;
  readonly holds: Holds;
  readonly evictor: Pick<Evictor, "next">;
  readonly turns: Turns;
  readonly now: () => number;
  readonly graceMs: () => number;
};

/** A namespace or a repository with the blobs that it links; those that several link count for each. */
type PlaceSpace = { readonly name: string; readonly repositories: number; readonly bytes: number };

/** What blobs are of, and which places take most. */
export type SpaceOverview = KindTotals & {
  readonly namespaces: readonly PlaceSpace[];
  readonly repositories: readonly PlaceSpace[];
};

/** An image, and why it is never evicted; null: it may be. */
export type SurveyedImage = { readonly image: ImageSpace; readonly heldBy: string | null };

/** A place in a list of images. */
export type ImagePlace = { readonly repository: RepositoryName; readonly digest: Digest | null };

const PAGE = 500;
/** Places that are named; the others are in their namespaces' sums. */
const TOP = 50;

/** Tells what takes the space, and what would go next. It works in turns, and ends when its client has left. */
export class SpaceSurvey {
  readonly #parts: SpaceSurveyParts;

  constructor(parts: SpaceSurveyParts) {
    this.#parts = parts;
  }

  /** All of it, by kinds and by places. A million blobs take some seconds. */
  async overview(signal: AbortSignal): Promise<SpaceOverview> {
    const { space, turns } = this.#parts;
    const work = turns.begin(signal);
    const sums = { pushedBytes: 0, cachedBytes: 0, unheldBytes: 0 };
    for (let after: Digest | null = null; ; ) {
      const part = await space.sumKinds(after);
      sums.pushedBytes += part.pushedBytes;
      sums.cachedBytes += part.cachedBytes;
      sums.unheldBytes += part.unheldBytes;
      if (part.next === null) break;
      after = part.next;
      await work.rest();
    }
    const namespaces = new Map<string, { repositories: number; bytes: number }>();
    let largest: PlaceSpace[] = [];
    for await (const page of this.#repositories(signal)) {
      for (const { repository, bytes } of page) {
        const namespace = repository.slice(0, repository.indexOf("/"));
        const sum = namespaces.get(namespace) ?? { repositories: 0, bytes: 0 };
        namespaces.set(namespace, { repositories: sum.repositories + 1, bytes: sum.bytes + bytes });
      }
      const seen = page.map(({ repository, bytes }) => ({ name: repository as string, repositories: 1, bytes }));
      largest = [...largest, ...seen].sort(byBytes).slice(0, TOP);
    }
    const all = [...namespaces].map(([name, sum]) => ({ name, ...sum }));
    return { ...sums, namespaces: all.sort(byBytes).slice(0, TOP), repositories: largest };
  }

  /** Images of the repositories, or under the tags, that a pattern matches; a page of them. Throws NAME_INVALID. */
  async images(
    pattern: string,
    after: ImagePlace | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly images: readonly SurveyedImage[]; readonly next: ImagePlace | null }> {
    const { space, turns, now, graceMs } = this.#parts;
    const meant = parseImagePattern(pattern);
    const work = turns.begin(signal);
    const images: SurveyedImage[] = [];
    for await (const page of this.#repositories(signal, after)) {
      for (const { repository } of page) {
        if (!meant.name.matches(repository)) continue;
        let from = repository === after?.repository ? after.digest : null;
        for (;;) {
          const digests = await space.listManifests(repository, { after: from, limit: PAGE });
          for (const digest of digests) {
            await work.rest();
            const image = await space.measure(repository, digest, now() - graceMs());
            if (image === null || (meant.tag !== null && !image.tags.some((tag) => meant.tag?.matches(tag)))) continue;
            images.push({ image, heldBy: this.#holderOf(image) });
            if (images.length >= limit) return { images, next: { repository, digest } };
          }
          if (digests.length < PAGE) break;
          from = digests.at(-1) ?? null;
        }
      }
    }
    return { images, next: null };
  }

  /** The images that an eviction of so many bytes would take, in order; `limit` of them at most. */
  async next(bytes: number, limit: number, signal: AbortSignal): Promise<readonly ImageSpace[]> {
    const work = this.#parts.turns.begin(signal);
    const images: ImageSpace[] = [];
    let sum = 0;
    for await (const image of this.#parts.evictor.next()) {
      images.push(image);
      sum += image.ownBytes;
      if (sum >= bytes || images.length >= limit) break;
      await work.rest();
    }
    return images;
  }

  async *#repositories(
    signal: AbortSignal,
    from: ImagePlace | null = null,
  ): AsyncGenerator<readonly RepositorySpace[], void, void> {
    const work = this.#parts.turns.begin(signal);
    // The place itself is not done yet.
    let after = from === null ? null : from.repository.slice(0, -1);
    for (;;) {
      const page = await this.#parts.space.listRepositorySpace({ after, limit: PAGE });
      yield page.filter(({ repository }) => from === null || repository >= from.repository);
      if (page.length < PAGE) return;
      after = page.at(-1)?.repository ?? null;
      await work.rest();
    }
  }

  #holderOf({ repository, digest, tags, parts }: ImageSpace): string | null {
    const { holds } = this.#parts;
    for (const tag of tags) {
      const reason = holds.reasonFor(repository, tag, digest);
      if (reason !== null) return reason;
    }
    return parts.map((part) => holds.reasonFor(repository, null, part)).find((reason) => reason !== null) ?? null;
  }
}

function byBytes(a: PlaceSpace, b: PlaceSpace): number {
  return b.bytes - a.bytes;
}
