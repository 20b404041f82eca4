/**
 * The contract of what people look for among the images that are here: tags by words, in any order, from any place on.
 *
 * Tags are those that pulls see: a cached one that a pushed one covers is left out, and so are those of attachments
 * (`sha256-….sig`) while what they belong to is here, unless a word is a part of such names.
 */
import type { Digest } from "../oci/digest.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** So many tags are looked at for one question, whatever there is. */
export const SEARCH_LIMIT_TAGS = 250_000;

/** Which images are meant. */
export type ImageFilter = {
  /** Of this namespace alone; null: of all. */
  readonly namespace: Namespace | null;
  /**
   * Each is a part of `namespace/path:tag`, whatever its case (of ASCII letters). One that can be the beginning of a digest (as
   * `sha256:` and four digits, or twelve digits, or more) may be that of the manifest's as well.
   */
  readonly words: readonly string[];
  readonly kind: "pushed" | "cached" | null;
  /** Those that have signatures, or none; what has not been measured counts as having none. Null: all. */
  readonly isSigned: boolean | null;
  /** What else has to be so; null: nothing. It is asked for each tag, and answers at once. */
  readonly isMeant: ((repository: RepositoryName, tag: Tag, digest: Digest) => boolean) | null;
};

/**
 * As `TagOrder`, and by `size` (what has not been measured stands before what has), or by `match`: the repositories first whose
 * names end with a word, then those of which a part begins with one; each by name.
 */
export type ImageOrder = {
  readonly by: "match" | "name" | "updated" | "pulled" | "size";
  readonly descending: boolean;
};

/** What is here of an image, when it was measured. */
export type ImageMeasure = {
  readonly sizeBytes: number;
  readonly platforms: readonly string[];
  readonly isSigned: boolean;
};

/** A tag that was found. */
export type FoundTag = {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly kind: "pushed" | "cached";
  readonly digest: Digest;
  readonly updatedAtMs: number;
  readonly pulledAtMs: number | null;
  /** Is there a cached tag of that name below this pushed one? */
  readonly isCovering: boolean;
  /** Null: something of it has come or gone since it was measured. */
  readonly measure: ImageMeasure | null;
  /** What it is measured for: a measure counts if this is still so. */
  readonly mark: number;
};

/** A part of what was found. */
export type FoundPage = {
  readonly tags: readonly FoundTag[];
  /** How many there are, of those that were looked at. */
  readonly total: number;
  /** Were there more than `SEARCH_LIMIT_TAGS` to look at? */
  readonly isCut: boolean;
};

/** What was found of a repository. */
export type RepositoryTally = {
  readonly repository: RepositoryName;
  readonly tags: number;
  readonly pushedTags: number;
  readonly updatedAtMs: number;
  /** Null: none of them was ever pulled. */
  readonly pulledAtMs: number | null;
  /** Of all blobs that it links, whatever was looked for. */
  readonly bytes: number;
};

/** Finds images for people. */
export interface ImageSearchStore {
  /** So many from the place `offset` on. Ends when the signal is aborted. */
  find(
    filter: ImageFilter,
    order: ImageOrder,
    page: { readonly offset: number; readonly limit: number },
    signal: AbortSignal,
  ): Promise<FoundPage>;
  /** The repositories of what `find` finds, in the order of their names. */
  tally(
    filter: ImageFilter,
    signal: AbortSignal,
  ): Promise<{ readonly repositories: readonly RepositoryTally[]; readonly isCut: boolean }>;
  /** Tags that have no measure, and how many they are. */
  listUnmeasured(limit: number): Promise<{ readonly tags: readonly FoundTag[]; readonly total: number }>;
  /** Notes measures, in one transaction that a power cut may take; those of tags whose mark is another one by now are left out. */
  noteMeasures(measures: readonly (FoundTag & { readonly measure: ImageMeasure })[]): Promise<void>;
}

/** The beginning of a digest that a word can be; null: it can be none. */
export function digestPrefixOf(word: string): string | null {
  const match = /^(?:sha256:(?=[0-9a-f]{4})|(?=[0-9a-f]{12}))([0-9a-f]{4,64})$/i.exec(word);
  return match === null ? null : `sha256:${match[1]?.toLowerCase()}`;
}

/** Is a word a part of a text, whatever the case of their ASCII letters? */
export function hasWord(text: string, word: string): boolean {
  return lowered(text).includes(lowered(word));
}

/** Where in the order by `match` a repository stands, from 0 on. */
export function rankOf(repository: string, words: readonly string[]): number {
  const name = `/${lowered(repository)}`;
  const paths = words.map((word) => `/${lowered(namePartOf(word))}`).filter((path) => path !== "/");
  if (paths.some((path) => name.endsWith(path))) return 0;
  return paths.some((path) => name.includes(path)) ? 1 : 2;
}

/** The number of ranks. */
export const RANKS = 3;

/** What of a word is about the name before the tag. */
export function namePartOf(word: string): string {
  const colon = word.lastIndexOf(":");
  return colon > word.lastIndexOf("/") ? word.slice(0, colon) : word;
}

function lowered(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
