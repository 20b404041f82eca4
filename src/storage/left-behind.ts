/**
 * The contract of manifests without a tag: those that a tag left behind, being overwritten, moved by a refresh or deleted, and
 * those that never had one. The former go some time after; the latter were put by their digest alone, and stay.
 */
import type { Digest } from "../oci/digest.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/** For how long a manifest stays that nothing has a tag for and nobody pulls, by its kind, in milliseconds; null: for ever. */
export type LeftBehindAges = Readonly<Record<"pushed" | "cached", number | null>>;

/** What holds a manifest without a tag: an index that lists it, what it refers to, or what lies outside of the store. */
type UntaggedHolder = { readonly kind: "index" | "subject"; readonly digest: Digest };

/** A manifest without a tag. Children of indexes and referrers are none, unless a tag has left them behind. */
export type UntaggedManifest = {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly kind: "pushed" | "cached";
  /** When it lost its last tag; null: it never had one, as far as is known. */
  readonly leftBehindAtMs: number | null;
  /** When it was last pulled, by whatever name; null: never. */
  readonly pulledAtMs: number | null;
  /** The time from which its age counts: when it lost its tag, was pulled or put. */
  readonly usedAtMs: number;
  /** Null: nothing in its repository. */
  readonly holder: UntaggedHolder | null;
};

/** A place in the order of repositories and digests. It need not be that of one that is there. */
export type UntaggedPlace = { readonly repository: RepositoryName; readonly digest: Digest };

/** Which ones are looked for: of a namespace, or of all; whose `namespace/path@digest` holds a text; after a place. */
export type UntaggedQuery = {
  readonly namespace: Namespace | null;
  readonly text: string;
  readonly after: UntaggedPlace | null;
  readonly limit: number;
};

/** What went because of its age. */
export type LeftBehindRemoval = { readonly manifests: number };

/** Manifests without a tag. */
export interface LeftBehindStore {
  /**
   * Takes manifests away that a tag left behind so long ago, with what only they held and what is attached to them, as
   * `ManifestStore.deleteManifest` with children does, in many turns of the event loop. One stays that was pulled since, by
   * whatever name; that an index lists or whose subject is here; and that `isKept` speaks for, or for a part of. A time that lies ahead of
   * `nowMs` counts as `nowMs`. An event tells of each that goes.
   */
  removeLeftBehind(
    ages: LeftBehindAges,
    nowMs: number,
    isKept: (repository: RepositoryName, digest: Digest) => boolean,
  ): Promise<LeftBehindRemoval>;
  /**
   * The next ones, in the order of repositories and digests. It looks at some thousands of manifests at most: there may be
   * fewer than the limit, or none, while there are more behind `next`. That is null when the end was reached.
   */
  listUntagged(
    query: UntaggedQuery,
  ): Promise<{ readonly manifests: readonly UntaggedManifest[]; readonly next: UntaggedPlace | null }>;
  /** All manifests of the repository that an index of it lists, and those that these list; none for one that is no index. */
  listParts(repository: RepositoryName, digest: Digest): Promise<readonly Digest[]>;
  /** The first of the repository's indexes that lists this manifest, and one of its tags; null when none does. */
  findIndexOf(
    repository: RepositoryName,
    digest: Digest,
  ): Promise<{ readonly digest: Digest; readonly tag: Tag | null } | null>;
}

/** What something that may not go yet is looked at again after, at the latest. */
export const LOOK_AGAIN_MS = 86_400_000;
