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
import type { AccountStore } from "./accounts.ts";
import type { AuditStore } from "./audit.ts";
import type { Page } from "./page.ts";
import type { BlobTransitionStore, CollectionStore } from "./collection.ts";
import type { Digest } from "../oci/digest.ts";
import type { Namespace, RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { DeliveryStore } from "./deliveries.ts";
import type { EventCause, EventStore } from "./events.ts";
import type { ImageSearchStore } from "./image-search.ts";
import type { Leases } from "./leases.ts";
import type { PageSessionStore } from "./page-sessions.ts";
import type { FetchJobStore } from "./fetch-jobs.ts";
import type { PinStore } from "./pins.ts";
import type { NodeStore } from "./nodes.ts";
import type { RecordedPullStore, RecordingStore } from "./recordings.ts";
import type { ProofStore } from "./proofs.ts";
import type { PullStore } from "./pulls.ts";
import type { LeftBehindStore } from "./left-behind.ts";
import type { PushedStore } from "./pushed.ts";
import type { SharingStore } from "./sharing.ts";
import type { SettingsStore } from "./settings.ts";
import type { SpaceStore } from "./space.ts";
import type { StatisticsStore } from "./statistics.ts";
import type { TrafficHistory } from "./traffic-history.ts";
import type { TagListStore } from "./tag-lists.ts";
import type { RottenBlobStore, VerificationStore } from "./verification.ts";

/** A pushed tag was put here by a person and wins; a cached one is a copy of the upstream's. */
export type TagKind = "pushed" | "cached";

/** A manifest's own bytes. */
export type StoredManifest = { readonly digest: Digest; readonly mediaType: string; readonly bytes: Uint8Array };

/**
 * What a tag points at. `checkedAtMs` is when a cached tag was last known to equal the upstream's; `pulledAtMs` when its
 * manifest was last pulled by anybody, as `PullStore` was told; null: never.
 */
export type StoredTag = {
  readonly tag: Tag;
  readonly kind: TagKind;
  readonly digest: Digest;
  readonly updatedAtMs: number;
  readonly checkedAtMs: number;
  readonly pulledAtMs: number | null;
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
  /**
   * Does what was pushed here before count as cached from now on, with what it lists, save what a person has tagged? False
   * when left out: what a person pushed stays pushed, whatever upstream has.
   */
  readonly isAdopted?: boolean;
  readonly atMs: number;
  /** Does it come with another registry's store? Not when left out. */
  readonly takenOver?: TakenOver;
  /** For the event: who puts it, and what it weighs with all blobs that it names. Larder itself, and not known, when left out. */
  readonly cause?: EventCause;
  readonly sizeBytes?: number | null;
};

/**
 * How a manifest comes with another registry's store: its tags have the time that they had there, and those that are here stay,
 * unless it `replaces` them; a pushed one takes the place of a cached one on the same manifest.
 */
type TakenOver = { readonly taggedAtMs: ReadonlyMap<Tag, number>; readonly replaces: boolean };

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
   * Takes a manifest, and every tag on it, out of a repository. False when it was not there. `withChildren`: the manifests
   * that only it listed go with it, and what is attached to any of them: what has it as its subject, and what cached tags of
   * the referrers tag schema and of cosign lead to, unless it has another name. Else `collectLinks` takes the former after its
   * grace period, and the latter stays.
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
  /** Manifests of a repository that name this blob or manifest, in the order of their digests. */
  listNaming(repository: RepositoryName, digest: Digest, page: Page): Promise<readonly StoredManifest[]>;
}

/** What a tag has to be for it to be removed, and the event that tells of it: `removed` when left out. */
export type SeenTag = Partial<Pick<StoredTag, "kind" | "digest" | "updatedAtMs">> & {
  readonly event?: "removed" | "expired";
};

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
   * `withManifest`: its manifest goes too, when nothing else names it, as `deleteManifest` with its children. `only`: it
   * stays, and null is returned, when it is not what the caller has seen.
   */
  deleteTag(
    repository: RepositoryName,
    tag: Tag,
    withManifest: boolean,
    atMs: number,
    cause?: EventCause,
    only?: SeenTag,
  ): Promise<TagKind | null>;
  /** The names of tags. */
  listTags(repository: RepositoryName, page: Page): Promise<readonly Tag[]>;
  /** Notes that a cached tag was found equal to the upstream's: somebody has just asked for it. */
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

/**
 * By `name`, repository first, by when they were `updated`, or by when they were `pulled` (what never was stands before what
 * was), and then by name in the same direction.
 */
export type TagOrder = { readonly by: "name" | "updated" | "pulled"; readonly descending: boolean };

/** A place in an order of all tags. It need not be that of one that is there. */
export type TagPlace = {
  readonly repository: RepositoryName;
  readonly tag: Tag;
  readonly kind: TagKind;
  readonly updatedAtMs: number;
  readonly pulledAtMs: number | null;
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
 *
 * With a `cause` somebody did it on purpose, and whoever plans deliveries is told of it (`deliveries.ts`).
 */
export interface BlobLinkStore {
  /**
   * Links a blob whose file is here, of `size` bytes, to a repository: for a push unless `kind` says otherwise. Whoever has
   * just put the file does so within `BlobTransitionStore.arrive`. Throws while the blob is going.
   */
  linkBlob(
    repository: RepositoryName,
    digest: Digest,
    size: number,
    atMs: number,
    kind?: TagKind,
    cause?: EventCause,
  ): Promise<void>;
  /** As `linkBlob`, for a few hundred, by their digests and sizes. */
  linkBlobs(
    repository: RepositoryName,
    blobs: ReadonlyMap<Digest, number>,
    atMs: number,
    kind?: TagKind,
  ): Promise<void>;
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
    cause?: EventCause,
  ): Promise<number | null>;
  /** Does the repository hold a manifest that names this blob or manifest? */
  isReferenced(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** The first of these repositories that holds a manifest that names this blob or manifest; null when none does. */
  findNaming(repositories: readonly RepositoryName[], digest: Digest): Promise<RepositoryName | null>;
  /** Does another repository than this one have the blob? */
  isLinkedElsewhere(repository: RepositoryName, digest: Digest): Promise<boolean>;
  /** Removes a link. False when there was none. */
  unlinkBlob(
    repository: RepositoryName,
    digest: Digest,
    by?: { readonly atMs: number; readonly cause: EventCause },
  ): Promise<boolean>;
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
  /** The repositories that link a blob and come after one, in the order of the bytes of their names. */
  listHolders(digest: Digest, page: Page): Promise<readonly RepositoryName[]>;
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

/** All stores of metadata, as one database holds them. */
export type MetadataStore = {
  readonly manifests: ManifestStore;
  readonly tags: TagStore;
  readonly tagIndex: TagIndex;
  readonly imageSearch: ImageSearchStore;
  readonly tagLists: TagListStore;
  readonly repositories: RepositoryStore;
  readonly links: BlobLinkStore;
  readonly holdings: HoldingStore;
  readonly sharing: SharingStore;
  readonly pushed: PushedStore;
  readonly sessions: UploadSessionStore;
  readonly collection: CollectionStore;
  readonly leftBehind: LeftBehindStore;
  readonly transitions: BlobTransitionStore;
  readonly statistics: StatisticsStore & TrafficHistory;
  readonly verification: VerificationStore;
  readonly rotten: RottenBlobStore;
  readonly settings: SettingsStore;
  readonly pulls: PullStore;
  readonly pins: PinStore;
  readonly recordings: RecordingStore & RecordedPullStore;
  readonly fetchJobs: FetchJobStore;
  readonly proofs: ProofStore;
  readonly nodes: NodeStore;
  readonly space: SpaceStore;
  readonly events: EventStore;
  readonly deliveries: DeliveryStore;
  readonly audit: AuditStore;
  readonly accounts: AccountStore;
  readonly pageSessions: PageSessionStore;
  readonly leases: Leases;
  close(): Promise<void>;
};
