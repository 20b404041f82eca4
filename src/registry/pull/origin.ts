import type { ByteRange } from "../../lib/text/byte-range.ts";
import type { Digest } from "../../oci/digest.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import type { Tag } from "../../oci/tag.ts";
import type { Repository } from "../../oci/repository.ts";
import type { EventCause } from "../../storage/events.ts";
import type { StoredManifest, Tagged } from "../../storage/metadata.ts";
import type { BlobElsewhere } from "../../upstream/registry-client.ts";
import type { MayPull } from "../names/search-order.ts";
import type { SignatureGuard } from "../signatures/signature-guard.ts";
import type { BlobDownload } from "./blob-download.ts";

/** A manifest in answer to a pull. `warning` is for the `Warning` header: the answer may be older than it should be. */
export type FoundManifest = { readonly manifest: StoredManifest; readonly warning: string | null };

/** The circumstances of a pull: whether and how far upstream may be asked, and the larders that it came through. */
export type PullContext = {
  readonly via: string | null;
  /** The id of the request, which upstream is told. */
  readonly requestId?: string;
  /** Is upstream to be asked even for a tag that is fresh? */
  readonly revalidate?: boolean;
  /** Is it only a guess that upstream has it, since the name that was asked for names no registry? */
  readonly isGuess?: boolean;
  /** Is it likely that there is no such tag? Then HEAD asks first, which is free where pulls are counted. */
  readonly isSeldomThere?: boolean;
  /** Where the one blob that is asked for may be had, if its registry does not give it away. */
  readonly elsewhere?: BlobElsewhere;
  /** Is the answer to come from here alone? */
  readonly isHereOnly?: boolean;
  /** Does the client look before it pushes, rather than want to have it? Asked only where that counts. */
  readonly isPush?: () => Promise<boolean>;
  /** What whoever asks may pull from; everything when left out. */
  readonly mayPull?: MayPull;
  /** Is a signature looked for? Then nothing is kept that is none, where signatures are required. */
  readonly isForSignature?: boolean;
  /**
   * May this client have the manifest of an image that lacks a required signature: because it pushed it, or is about to sign
   * it? `isHere`: the manifest is kept here. Asked only where that counts.
   */
  readonly mayHaveUnsigned?: (isHere: boolean) => Promise<boolean>;
  /** The credentials of who asks that count at upstream registries, by their key; null: there are none. */
  readonly upstreamKey?: () => Promise<string | null>;
  /** Who asks, for events; larder itself when left out. */
  readonly cause?: EventCause;
};

/** For whom something is pulled: what they may pull from, and what upstream registries are shown. For larder itself it is empty. */
export type Puller = Pick<PullContext, "mayPull" | "upstreamKey">;

/** What asks for signatures where they are required. */
export type ImageGuard = SignatureGuard<PullContext>;

/** `context` for a question about `repository`, which is asked of upstream under other names as well. */
export function contextFor(repository: Repository, context: PullContext): PullContext {
  return repository.namespace === LOCAL ? { ...context, isGuess: true } : context;
}

/**
 * Where manifests come from that are not here, or may be out of date. Null: the namespace has no upstream, larder is
 * offline, or upstream does not have it. Throws an `UpstreamError` when upstream cannot be asked and nothing is cached.
 */
export interface ManifestOrigin {
  /** May a cached tag be served without a question to upstream: within its lifetime, or while nobody may be asked? */
  isFresh(repository: Repository, cached: Tagged): boolean;
  /** What a tag points at now. `cached` is what it pointed at when it was last looked at. */
  tag(repository: Repository, tag: Tag, cached: Tagged | null, context: PullContext): Promise<FoundManifest | null>;
  manifest(repository: Repository, digest: Digest, context: PullContext): Promise<StoredManifest | null>;
  /** Brings what refers to a manifest here, as far as upstream can be asked. */
  referrers(repository: Repository, subject: Digest, context: PullContext): Promise<void>;
  /** Brings what refers to a manifest and may be a signature. Throws an `UpstreamError` when upstream cannot be asked. */
  signatures(repository: Repository, subject: Digest, context: PullContext): Promise<void>;
}

/** Tags in the order of their bytes. `warning` is for the `Warning` header: they may not be all, or not of now. */
export type ListedTags = { readonly tags: readonly Tag[]; readonly warning: string | null };

/** Where lists of tags come from, besides those that are here. */
export interface TagListOrigin {
  /**
   * The tags of a repository as upstream lists them; as it listed them last, when it cannot be asked. Null: the namespace
   * has no upstream, upstream has no such repository, or larder is offline and knows of no list. `isLaterPage`: for a page
   * that follows another one. Throws an `UpstreamError` when upstream cannot be asked and has given no list.
   */
  tags(repository: Repository, context: PullContext, isLaterPage: boolean): Promise<ListedTags | null>;
}

/**
 * Where blobs come from that are not here. Null: the namespace has no upstream, larder is offline, or upstream does
 * not have the blob. Throws an `UpstreamError` when upstream cannot be asked.
 */
export interface BlobOrigin {
  /** The size in bytes, without fetching it. */
  size(repository: Repository, digest: Digest, context: PullContext): Promise<number | null>;
  /** The blob on its way, shared by everyone who wants it. Throws STORAGE_FULL when there is no space to keep it. */
  download(repository: Repository, digest: Digest, context: PullContext): Promise<BlobDownload | null>;
  /** The blob, whose size is known, or a range of it, for one reader and without keeping it. */
  passThrough(
    repository: Repository,
    blob: { readonly digest: Digest; readonly size: number },
    range: ByteRange | null,
    context: PullContext,
  ): Promise<ReadableStream<Uint8Array> | null>;
}
