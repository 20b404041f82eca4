/**
 * The contract of events: what happened to images, written down in the very transaction in which it happens. Metrics, lines
 * of the log, webhooks, recordings and pages that are open hang on them; none of them is told of what came to nothing, and
 * none misses what a crash cut off between the change and the telling: the event is in the store.
 *
 * They are a list of what happened lately, not a history: the last `EVENTS_KEPT`, of the last `EVENTS_KEPT_MS`; but those of
 * pushes and removals are part of the audit log, and kept for as long as its entries (`audit.ts`). In a database that is
 * made anew the ids go on to grow, so that one who remembers an id misses nothing that comes.
 */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";

/**
 * - `pushed`: a person put a manifest; one event for each tag, or one without a tag.
 * - `cached`: the same for a manifest that came from upstream.
 * - `imported`: the same for one that came with another registry's folder, which is taken over as a whole: nobody has just made it.
 * - `removed`: a person took away a tag (its manifest may stay), or, without a tag, a manifest with all its tags.
 * - `expired`: what nobody needs any more by the settings' word: a manifest that a tag left behind, or a tag that a rule took.
 * - `evicted`: larder gave up a cached tag, or a cached manifest without one, for want of space, and its image as a whole;
 *   `sizeBytes` is what that gives back, null for further tags of the same image.
 * - `collected`: blobs that nothing referred to were deleted; `sizeBytes` is the space of all of them.
 * - `damaged`: a blob, `digest`, was found whose bytes cannot be had from here (`verification.ts`).
 * - `healed`: the right bytes of such a blob are here again.
 */
export type EventKind =
  | "pushed"
  | "cached"
  | "imported"
  | "removed"
  | "expired"
  | "evicted"
  | "collected"
  | "damaged"
  | "healed";

/** Who caused an event; larder itself where all fields are null. */
export type EventCause = {
  /** The principal's name; null when it has none. */
  readonly who: string | null;
  /** The address that the request came from. */
  readonly from: string | null;
  readonly requestId: string | null;
  /** How it was asked for: for who asks at once, in the transaction. Left out where no request did, or nobody knows. */
  facts?(): RequestFacts;
};

/** How a client asked for what happened. */
export type RequestFacts = {
  readonly method: string;
  readonly host: string | null;
  readonly userAgent: string | null;
  /** Where the client reached what it asked for, up to and with the repository's name: `https://HOST/v2/NAME`; null: not known. */
  readonly repositoryUrl: string | null;
};

/** The cause of events that larder itself causes. */
export const NO_CAUSE: EventCause = { who: null, from: null, requestId: null };

/** An event before it has an id. */
export type NewEvent = EventCause & {
  readonly atMs: number;
  readonly kind: EventKind;
  readonly repository: RepositoryName | null;
  readonly tag: Tag | null;
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  /** Bytes of the manifest and of all blobs that it names; null where that is not known, as of an index. */
  readonly sizeBytes: number | null;
};

/** An event with its id. Ids grow in the order of events. */
export type StoreEvent = NewEvent & { readonly id: number };

/** The number of events that are kept, besides pushes and removals; older ones are deleted. */
export const EVENTS_KEPT = 10_000;
/** Events that are older than this, in milliseconds, are deleted. */
export const EVENTS_KEPT_MS = 30 * 86_400_000;

/** The events of one store. */
export interface EventStore {
  /** Events after the one with this id, in their order; 0: from the first that is kept. */
  listAfter(id: number, limit: number): Promise<readonly StoreEvent[]>;
  /** The events before the one with this id, the newest first; null: the newest of all. */
  listBefore(id: number | null, limit: number): Promise<readonly StoreEvent[]>;
  /**
   * Tells of all events from now on, once they are durable, in their order. The listener must be quick, and must not throw.
   * Returns what ends that.
   */
  subscribe(listener: (event: StoreEvent) => void): () => void;
  /** Writes down what happened in no transaction of its own. It outlives the process; a power cut may take it. */
  append(event: NewEvent): Promise<void>;
}

/** The events of a manifest that was put: one for each tag; none for what comes along with an index. */
export function eventsOfPut(
  repository: RepositoryName,
  put: {
    readonly manifest: { readonly digest: Digest; readonly mediaType: string };
    readonly tags: readonly Tag[];
    readonly kind: "pushed" | "cached";
    readonly isPart: boolean;
    readonly atMs: number;
    readonly cause?: EventCause;
    readonly sizeBytes?: number | null;
    readonly takenOver?: object;
  },
): readonly NewEvent[] {
  const { manifest, tags, isPart, atMs, cause = NO_CAUSE, sizeBytes = null } = put;
  const kind: EventKind = put.takenOver === undefined ? put.kind : "imported";
  if (isPart && tags.length === 0) return [];
  const { who, from, requestId } = cause;
  const { digest, mediaType } = manifest;
  const event = { atMs, kind, repository, digest, mediaType, sizeBytes, who, from, requestId };
  return (tags.length === 0 ? [null] : tags).map((tag) => ({ ...event, tag }));
}

/** The event of a tag, or of a manifest with all its tags, that was taken away. */
export function eventOfRemoval(
  repository: RepositoryName,
  tag: Tag | null,
  digest: Digest,
  atMs: number,
  { who, from, requestId }: EventCause,
): NewEvent {
  return { atMs, kind: "removed", repository, tag, digest, mediaType: null, sizeBytes: null, who, from, requestId };
}

/** The events of a cached image that was given up for want of space: one for each of its tags. */
export function eventsOfEviction(
  repository: RepositoryName,
  tags: readonly Tag[],
  digest: Digest,
  ownBytes: number,
  atMs: number,
): readonly NewEvent[] {
  const event = { ...NO_CAUSE, atMs, kind: "evicted", repository, digest, mediaType: null } as const;
  const named: readonly (Tag | null)[] = tags.length === 0 ? [null] : tags;
  return named.map((tag, index) => ({ ...event, tag, sizeBytes: index === 0 ? ownBytes : null }));
}
