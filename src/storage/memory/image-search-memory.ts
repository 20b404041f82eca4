import { attachmentTagsOf } from "../../oci/attachment-tag.ts";
import { type Digest, digestOf } from "../../oci/digest.ts";
import type { RepositoryName } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import {
  digestPrefixOf,
  type FoundPage,
  type FoundTag,
  hasWord,
  type ImageFilter,
  type ImageMeasure,
  type ImageOrder,
  type ImageSearchStore,
  rankOf,
  type RepositoryTally,
} from "../image-search.ts";
import type { StoredTag, TagKind } from "../metadata.ts";

type Repository = {
  readonly manifests: ReadonlyMap<Digest, { readonly references: readonly Digest[]; readonly subject: Digest | null }>;
  readonly tags: Record<TagKind, ReadonlyMap<Tag, StoredTag>>;
  readonly links: ReadonlyMap<Digest, unknown>;
};
type Images = { readonly repositories: ReadonlyMap<RepositoryName, Repository>; sizeOf(blob: Digest): number };
type Noted = ImageMeasure & { readonly mark: number };

/** Search in memory: the contract in its plainest form. A measure counts as long as all that it is taken of is as it was. */
export class MemoryImageSearch implements ImageSearchStore {
  readonly #images: Images;
  readonly #measures = new Map<string, Noted>();

  constructor(images: Images) {
    this.#images = images;
  }

  async find(
    filter: ImageFilter,
    order: ImageOrder,
    { offset, limit }: { readonly offset: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<FoundPage> {
    signal.throwIfAborted();
    const found = this.#meant(filter).sort((a, b) => compare(a, b, order, filter.words));
    return { tags: found.slice(offset, offset + limit), total: found.length, isCut: false };
  }

  async tally(filter: ImageFilter, signal: AbortSignal) {
    signal.throwIfAborted();
    const found = Map.groupBy(this.#meant(filter), ({ repository }) => repository);
    const repositories = [...found].map(
      ([repository, tags]): RepositoryTally => ({
        repository,
        tags: tags.length,
        pushedTags: tags.filter(({ kind }) => kind === "pushed").length,
        updatedAtMs: Math.max(...tags.map(({ updatedAtMs }) => updatedAtMs)),
        pulledAtMs: Math.max(...tags.map(({ pulledAtMs }) => pulledAtMs ?? 0)) || null,
        bytes: this.#bytesOf(repository),
      }),
    );
    return { repositories: repositories.sort((a, b) => compareBytes(a.repository, b.repository)), isCut: false };
  }

  async listUnmeasured(limit: number) {
    const tags = this.#all().filter(({ measure }) => measure === null);
    return { tags: tags.slice(0, limit), total: tags.length };
  }

  async noteMeasures(measures: readonly (FoundTag & { readonly measure: ImageMeasure })[]): Promise<void> {
    for (const { repository, tag, kind, mark, measure } of measures)
      this.#measures.set(`${repository}:${tag} ${kind}`, { ...measure, mark });
  }

  #meant(filter: ImageFilter): FoundTag[] {
    const isAsked = filter.words.some((word) => hasWord(word, "sha256-"));
    return this.#all().filter((one) => {
      const held = this.#images.repositories.get(one.repository);
      if (one.kind === "cached" && held?.tags.pushed.has(one.tag) === true) return false;
      if (!isAsked && held !== undefined && isAttached(held, one.tag)) return false;
      return matches(filter, one);
    });
  }

  /** Every row, covered ones too. */
  #all(): FoundTag[] {
    return [...this.#images.repositories].flatMap(([repository, held]) =>
      [...held.tags.cached.values(), ...held.tags.pushed.values()].map((tag): FoundTag => {
        const mark = markOf(held, tag);
        const noted = this.#measures.get(`${repository}:${tag.tag} ${tag.kind}`);
        const measure = noted?.mark === mark ? noted : null;
        const isCovering = tag.kind === "pushed" && held.tags.cached.has(tag.tag);
        return { ...tag, repository, isCovering, mark, measure: measure && measureOf(measure) };
      }),
    );
  }

  #bytesOf(repository: RepositoryName): number {
    const links = [...(this.#images.repositories.get(repository)?.links.keys() ?? [])];
    return links.reduce((bytes, blob) => bytes + this.#images.sizeOf(blob), 0);
  }
}

function measureOf({ sizeBytes, platforms, isSigned }: ImageMeasure): ImageMeasure {
  return { sizeBytes, platforms, isSigned };
}

function matches(
  { namespace, words, kind, isSigned, isMeant }: ImageFilter,
  { repository, tag, digest, kind: own, measure }: FoundTag,
): boolean {
  if (namespace !== null && !repository.startsWith(`${namespace}/`)) return false;
  if (kind !== null && kind !== own) return false;
  if (isSigned !== null && isSigned !== (measure?.isSigned === true)) return false;
  const has = (word: string) => {
    const prefix = digestPrefixOf(word);
    return hasWord(`${repository}:${tag}`, word) || (prefix !== null && digest.startsWith(prefix));
  };
  return words.every(has) && isMeant?.(repository, tag, digest) !== false;
}

/** Is it the tag of what is attached to a manifest that is here? */
function isAttached({ manifests }: Repository, tag: Tag): boolean {
  return [...manifests.keys()].some((digest) => tag.startsWith(attachmentTagsOf(digest)[0]));
}

/** All that a measure of the tag is taken of, as a number. */
function markOf({ manifests, links, tags }: Repository, { digest }: StoredTag): number {
  const below = [digest, ...(manifests.get(digest)?.references ?? [])];
  const parts = below.flatMap((one) => [one, ...(manifests.get(one)?.references ?? [])]);
  const here = parts.filter((one) => manifests.has(one) || links.has(one));
  const referrers = [...manifests].filter(([, { subject }]) => subject === digest).map(([referrer]) => referrer);
  const [subjectTag] = attachmentTagsOf(digest);
  const attached = [...tags.pushed.values(), ...tags.cached.values()]
    .filter(({ tag }) => tag.startsWith(subjectTag))
    .map((one) => one.digest);
  const state = JSON.stringify([digest, here.sort(), referrers.sort(), attached.sort()]);
  return -Number.parseInt(digestOf(state).slice("sha256:".length, "sha256:".length + 12), 16);
}

function compare(a: FoundTag, b: FoundTag, { by, descending }: ImageOrder, words: readonly string[]): number {
  const names = compareBytes(a.repository, b.repository) || compareBytes(a.tag, b.tag);
  if (by === "match") {
    const ranks = rankOf(a.repository, words) - rankOf(b.repository, words);
    return ranks || (descending ? -names : names);
  }
  const keyOf = ({ updatedAtMs, pulledAtMs, measure }: FoundTag) => {
    if (by === "size") return measure?.sizeBytes ?? -1;
    return by === "name" ? 0 : by === "updated" ? updatedAtMs : (pulledAtMs ?? 0);
  };
  const places = keyOf(a) - keyOf(b) || names;
  return descending ? -places : places;
}

function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
