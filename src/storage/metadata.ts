/**
 * The contract of metadata: which repository holds which manifests, tags and blobs.
 *
 * What every implementation promises (`metadata.contract.ts` tests it):
 * - A method that changes something is one transaction, and durable when it returns.
 * - Names are ordered by their bytes.
 * - What puts or removes manifests and tags writes down an event in the same transaction (`events.ts`).
 * - A blob that `findLink` tells of, and `touchLink` was called for, stays until the grace period has passed.
 *
 * Times are milliseconds since 1970, given by the caller.
 */
import type { Digest } from "../oci/digest.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { EventCause, EventStore } from "./events.ts";
import type { Leases } from "./leases.ts";
import type { SettingsStore } from "./settings.ts";
import type { StatisticsStore } from "./statistics.ts";

/** A pushed tag was put here by a person and wins; a cached one is a copy of the upstream's. */
export type TagKind = "pushed" | "cached";

/** A manifest's own bytes. */
export type StoredManifest = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/** What a tag points at. `checkedAtMs` is when a cached tag was last known to equal the upstream's. */
export type StoredTag = {
  readonly tag: Tag;
  readonly kind: TagKind;
  readonly digest: Digest;
  readonly updatedAtMs: number;
  readonly checkedAtMs: number;
};

/** A tag with the manifest that it points at. */
export type Tagged = { readonly tag: StoredTag; readonly manifest: StoredManifest };

/** A manifest to be stored, with what is known of it. */
export type ManifestPut = {
  readonly manifest: StoredManifest;
  /** Blobs that must be in the repository, or in one of `borrowFrom`, where they are linked from. */
  readonly requiredBlobs: readonly Digest[];
  readonly borrowFrom: readonly RepositoryName[];
  /** Manifests that the repository must hold: those that an index lists. */
  readonly requiredManifests: readonly Digest[];
  /** All digests that the manifest holds on to: blobs, and manifests when its media type is an index's. */
  readonly references: readonly Digest[];
  readonly subject: Digest | null;
  readonly tags: readonly Tag[];
  readonly kind: TagKind;
  /** Does it come only because an index that is to follow lists it? Without one it goes after the grace period. */
  readonly isPart: boolean;
  readonly atMs: number;
  /** For the event: who puts it, and what it weighs with all blobs that it names. Larder itself, and not known, when left out. */
  readonly cause?: EventCause;
  readonly sizeBytes?: number | null;
};

/** A page of names: those after `after`, `limit` at most. */
export type Page = { readonly after: string | null; readonly limit: number };

/** A manifest, and a repository that holds it. */
export type HeldManifest = { readonly repository: RepositoryName; readonly manifest: StoredManifest };

/** The largest number of manifests that one call reads. */
export const MANIFESTS_AT_ONCE = 8;

/** The manifests of repositories. */
export interface ManifestStore {
  /**
   * Stores a manifest and points the tags at it. Returns the required blobs and manifests that are missing; when there
   * are any, nothing has been changed. A large manifest takes many turns of the event loop, and is seen when all is there.
   */
  putManifest(repository: RepositoryName, put: ManifestPut): Promise<readonly Digest[]>;
  /** The manifest, when this repository holds it. */
  getManifest(repository: RepositoryName, digest: Digest): Promise<StoredManifest | null>;
  /**
   * Those of the manifests that are here, each with the first of these repositories that holds it. `MANIFESTS_AT_ONCE` are
   * asked for at most, since each may have megabytes.
   */
  getManifests(
    repositories: readonly RepositoryName[],
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, HeldManifest>>;
  /**
   * Takes a manifest, and every tag on it, out of a repository. False when it was not there. The manifests that only
   * it listed go with it when `withChildren`; else `collectLinks` takes them after its grace period.
   */
  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    withChildren: boolean,
    atMs: number,
    cause?: EventCause,
  ): Promise<boolean>;
  /** Manifests of a repository whose subject is `subject`, in the order of their digests. */
  listReferrers(repository: RepositoryName, subject: Digest, page: Page): Promise<readonly StoredManifest[]>;
}

/** The tags of repositories. */
export interface TagStore {
  /**
   * What `getTagged` would answer, where that is in memory and holds for certain; undefined: ask. For what a fleet of nodes
   * asks thousands of times a second. A store that shares its database with others has nothing to say here.
   */
  recallTagged(repository: RepositoryName, tag: Tag): Tagged | null | undefined;
  /** The tag as a pull sees it, with its manifest: a pushed one before a cached one. */
  getTagged(repository: RepositoryName, tag: Tag): Promise<Tagged | null>;
  /**
   * Removes a tag: the pushed one if there is one, which uncovers the cached one; else that. Null when there is none.
   * `withManifest`: its manifest goes too, and those that only it listed, when nothing else names it.
   */
  deleteTag(
    repository: RepositoryName,
    tag: Tag,
    withManifest: boolean,
    atMs: number,
    cause?: EventCause,
  ): Promise<TagKind | null>;
  /** The names of tags. */
  listTags(repository: RepositoryName, page: Page): Promise<readonly Tag[]>;
  /** Notes that a cached tag was found equal to the upstream's. */
  touchTag(repository: RepositoryName, tag: Tag, checkedAtMs: number): Promise<void>;
}

/** Which tags of all repositories are looked for, in which order, and after which place. */
export type TagQuery = {
  /** Of this namespace alone; null: of all. */
  readonly namespace: Namespace | null;
  /** What `namespace/path:tag` has to hold, letter by letter; empty: anything. */
  readonly text: string;
  /** Those that a pull sees as such; null: all. */
  readonly kind: TagKind | null;
  readonly order: TagOrder;
  /** Those behind this place; null: from the first one on. */
  readonly after: TagPlace | null;
  readonly limit: number;
};

/** By `name`, repository first, or by when they `updated`, and then by name in the same direction. */
export type TagOrder = { readonly by: "name" | "updated"; readonly descending: boolean };

/** A place in an order of all tags. It need not be that of one that is there. */
export type TagPlace = {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly kind: TagKind;
  readonly updatedAtMs: number;
};

/** A tag with its repository. */
export type LocatedTag = StoredTag & { readonly repository: RepositoryName };

/** Finds tags of all repositories, as pulls see them: a covered cached tag is left out. */
export interface TagIndex {
  /**
   * The next ones that match, in their order. It looks at some thousands of tags at most: there may be fewer than the
   * limit, or none, while there are more behind `next`. That is null when the end was reached.
   */
  findTags(query: TagQuery): Promise<{ readonly tags: readonly LocatedTag[]; readonly next: TagPlace | null }>;
}

/** The repositories. One exists as long as it holds a manifest. */
export interface RepositoryStore {
  /** Does it hold a manifest? */
  hasRepository(repository: RepositoryName): Promise<boolean>;
  /** Names of repositories: all, or one namespace's. */
  listRepositories(namespace: Namespace | null, page: Page): Promise<readonly RepositoryName[]>;
}

/**
 * Which repositories may serve which blobs.
 *
 * A link that is made for a push has its grace, for the manifest that is on its way. One of a cached image has none when a
 * manifest of its repository names the blob already: it goes with the image.
 */
export interface BlobLinkStore {
  /**
   * Links a blob whose file is here, of `size` bytes, to a repository: for a push unless `kind` says otherwise. Whoever has
   * just put the file does so within `BlobTransitionStore.arrive`. Throws while the blob is going.
   */
  linkBlob(repository: RepositoryName, digest: Digest, size: number, atMs: number, kind?: TagKind): Promise<void>;
  /** The first of these repositories that has the blob, and its size. */
  findLink(repositories: readonly RepositoryName[], digest: Digest): Promise<BlobLink | null>;
  /** Notes that a pusher relies on the link: a manifest that needs it may be on its way. */
  touchLink(repository: RepositoryName, digest: Digest, atMs: number): Promise<void>;
  /** Links a blob that another repository has (`from`, or any when null). Its size, or null when none has it. */
  mountBlob(
    to: RepositoryName,
    digest: Digest,
    from: RepositoryName | null,
    atMs: number,
    kind?: TagKind,
  ): Promise<number | null>;
  /** Does the repository hold a manifest that names this blob or manifest? */
  isReferenced(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** The first of these repositories that holds a manifest that names this blob or manifest; null when none does. */
  findNaming(repositories: readonly RepositoryName[], digest: Digest): Promise<RepositoryName | null>;
  /** Removes a link. False when there was none. */
  unlinkBlob(repository: RepositoryName, digest: Digest): Promise<boolean>;
}

/** A blob seen through a repository. `touchedAtMs` is 0 once a manifest holds on to it. */
export type BlobLink = { readonly repository: RepositoryName; readonly size: number; readonly touchedAtMs: number };

/**
 * What is here of images, asked in sets: a question for each of an image's thousands of parts would take seconds. A set
 * has a few hundred digests at most, so that an answer keeps nobody waiting.
 */
export interface HoldingStore {
  /** The manifests that are here, each with the first of these repositories that holds it. */
  findManifests(
    repositories: readonly RepositoryName[],
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, RepositoryName>>;
  /** The blobs that one of these repositories links, as the first of them does. */
  findLinks(
    repositories: readonly RepositoryName[],
    digests: readonly Digest[],
  ): Promise<ReadonlyMap<Digest, BlobLink>>;
  /** The sizes of the blobs that any repository links. */
  findLinkedAnywhere(digests: readonly Digest[]): Promise<ReadonlyMap<Digest, number>>;
}

/** An upload session of a client. */
export type UploadSession = { readonly id: string; readonly repository: RepositoryName; readonly startedAtMs: number };

/** The upload sessions of clients, stored so that they survive a restart. Their bytes are in the `Spool`. */
export interface UploadSessionStore {
  createSession(session: UploadSession): Promise<void>;
  getSession(id: string): Promise<UploadSession | null>;
  deleteSession(id: string): Promise<boolean>;
  /** The IDs of sessions that began before `beforeMs`. */
  listSessions(beforeMs: number, page: Page): Promise<readonly string[]>;
}

/** The questions and deletions of a collection. */
export interface CollectionStore {
  /**
   * Drops manifests that only a deleted index held and links that no manifest needs, those that were orphaned or
   * touched before `beforeMs`, and forgets manifests of no repository. Of the links that it leaves, those that were touched
   * before `beforeMs` have had their grace: manifests hold them. It takes many turns of the event loop.
   */
  collectLinks(beforeMs: number): Promise<{ manifests: number; links: number }>;
  /** Blobs that have lost a link and may have no other, in the order of their digests. `takeAway` strikes them off. */
  listUnlinkedBlobs(page: Page): Promise<readonly Digest[]>;
  /** Those of a few hundred blobs that no record names and that nobody is bringing. */
  findUnrecorded(digests: readonly Digest[]): Promise<readonly Digest[]>;
}

/**
 * Why a blob's file is removed: no repository links the blob; no record names it; or its content is not its digest's,
 * whoever links it.
 */
export type Departure = "unlinked" | "unrecorded" | "damaged";

/**
 * Whose files may be put in their place, and whose may be taken away. No lock and no transaction is held while bytes move:
 * a blob is in one of these states, and each arrow is one short transaction, or none.
 *
 *              arrive              linkBlob                     the last link goes
 *     absent ─────────▶ arriving ───────────▶ live, linked ─────────────────────────▶ live, unlinked
 *       ▲ ▲                │ ▲                 │    ▲ ▲                                    │   │ │
 *       │ └────────────────┘ └─ arrive ────────┤    │ └── mountBlob, from another link     │   │ └▶ arriving
 *       │   fails before it links   "damaged"  ▼    │                                      │   │    (arrive)
 *       │                                    going ─┘  (its links stay; the file is brought anew)  │
 *       └──────────────────────────────────── going ◀──────────────────────────────────────┘  takeAway "unlinked"
 *          file deleted, then record forgotten
 *
 * - `arriving`: somebody puts the file, and links the blob then. Any number may do so at once. Nobody takes it away.
 * - `live`: it has a record. A file that is not here, or has another size, is as good as none: it is brought anew.
 * - `going`: its file is being deleted or moved. Whoever arrives waits until that has ended, and puts the file anew.
 *
 * A blob may become going only when it is neither arriving nor going, and `Departure` holds in that very transaction. What
 * made it so is durable before the file is touched: a power cut never brings back a link to a file that is gone. The file
 * goes before the record: a crash between them leaves a record without a link, which is still noted as unlinked, so that the
 * next collection deletes what is left and forgets it. A crash ends all arrivals: the file is then without a record, or
 * unlinked, and nobody was told that it is here.
 *
 * One process that has the database for itself knows in memory who arrives and what is going. Where processes share one,
 * both are rows with a time limit, renewed by whoever made them; `linkBlob` looks for its own arrival and fails without it,
 * and a deletion has to be given up before its limit: one who was thought dead changes nothing any more.
 */
export interface BlobTransitionStore {
  /** Runs work that puts a blob's file in its place and then links the blob. Waits while the blob is going. */
  arrive<T>(digest: Digest, work: () => Promise<T>): Promise<T>;
  /**
   * Takes away the files of those of a few hundred blobs that `departure` holds for and that nobody brings: `take` gets these,
   * and says whose files are gone. An unlinked one is forgotten then; one that turns out to be linked is struck off the list
   * of unlinked ones. Returns what `take` said; it is not called when there is nothing to take.
   */
  takeAway(
    digests: readonly Digest[],
    departure: Departure,
    take: (going: readonly Digest[]) => Promise<readonly Digest[]>,
  ): Promise<readonly Digest[]>;
}

/** All stores of metadata, as one database holds them. */
export type MetadataStore = {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly tagIndex: TagIndex;
  readonly repositories: RepositoryStore;
  readonly links: BlobLinkStore;
  readonly holdings: HoldingStore;
  readonly sessions: UploadSessionStore;
  readonly collection: CollectionStore;
  readonly transitions: BlobTransitionStore;
  readonly statistics: StatisticsStore;
  readonly settings: SettingsStore;
  readonly events: EventStore;
  readonly leases: Leases;
  close(): Promise<void>;
};
