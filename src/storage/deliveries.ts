/**
 * The contract of deliveries: what is to be told to other systems, a queue for each of them, in the order in which it
 * happened. What tells of a change is queued in the very transaction of that change (`Happening`), so that a crash between the
 * two loses nothing, and is handed out once that is durable.
 *
 * ```
 *            plan, add             done
 * happening ──────────▶ waiting ─────────▶ gone
 *                       │  ▲   └─ failed ─┐
 *                       │  └──────────────┘
 *               giveUp  ▼  ▲  retry
 *                      given up ───────▶ gone
 *                                 drop
 * ```
 *
 * Queues are bounded (`QUEUE_LIMITS`): of what waits the oldest goes when there is more, and is counted; of what was given up
 * the oldest goes, too.
 *
 * Times are milliseconds since 1970.
 */
import type { Digest } from "../oci/digest.ts";
import type { RepositoryName } from "../oci/repository-name.ts";
import type { Tag } from "../oci/tag.ts";
import type { EventCause, EventKind } from "./events.ts";

/** The bounds of each endpoint's queue: how many wait, how many bytes of what they tell, and how many that were given up stay. */
export type QueueLimits = { readonly waiting: number; readonly bytes: number; readonly givenUp: number };

/** As they are, but in tests. */
export const QUEUE_LIMITS: QueueLimits = { waiting: 100_000, bytes: 64 << 20, givenUp: 1000 };

/**
 * What happens, as a planner is told of it: the events, and what people do with single blobs, of which there are no events:
 * one was `blob-pushed`, `blob-mounted` from `lender`, or `blob-removed` from a repository.
 */
export type Happening = {
  readonly kind: EventKind | "blob-pushed" | "blob-mounted" | "blob-removed";
  readonly atMs: number;
  readonly repository: RepositoryName | null;
  readonly tag: Tag | null;
  /** Tags that went with a manifest that was removed. */
  readonly tags: readonly Tag[];
  readonly digest: Digest | null;
  readonly mediaType: string | null;
  /** Of the manifest or the blob itself; null where that is not known. */
  readonly contentBytes: number | null;
  /** As `NewEvent.sizeBytes`. */
  readonly sizeBytes: number | null;
  readonly lender: RepositoryName | null;
  readonly cause: EventCause;
};

/** What is to be told to whom. `record` is for those who send it. */
export type NewDelivery = { readonly endpoint: string; readonly record: string; readonly atMs: number };

/** A delivery that waits, or was given up for `failure`. `attempts` have failed so far. */
export type Delivery = NewDelivery & {
  readonly id: number;
  readonly attempts: number;
  readonly givenUpAtMs: number | null;
  readonly failure: string | null;
};

/** Says what is to be told of what happens: quickly, since a transaction waits, and without throwing. */
export type DeliveryPlanner = (happening: Happening) => readonly NewDelivery[];

/** The queues, as those see them who fill and empty them. */
export interface DeliveryQueue {
  /** From now on asks this planner in each transaction that changes something; null: nobody. */
  plan(planner: DeliveryPlanner | null): void;
  /** Queues what happened in no transaction. A power cut may take it. */
  add(deliveries: readonly NewDelivery[]): Promise<void>;
  /** The first that waits for an endpoint; null where none does, or it is not durable yet: `onQueued` tells then. */
  next(endpoint: string): Promise<Delivery | null>;
  /** It was taken. */
  done(id: number): Promise<void>;
  /** One more attempt failed. */
  failed(id: number): Promise<void>;
  /** No more attempts are made. */
  giveUp(id: number, failure: string, atMs: number): Promise<void>;
  /** Is told of each endpoint for which something has come. */
  onQueued(listener: (endpoint: string) => void): void;
}

/** What is in the queue of an endpoint. `dropped` were taken for want of room, ever. */
export type QueueTally = {
  readonly endpoint: string;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly givenUp: number;
  readonly dropped: number;
};

/** The queues, as those see them who look after them. */
interface DeliveryOffice {
  /** Of each endpoint that has, or had, a queue, by its name. */
  tallies(): Promise<readonly QueueTally[]>;
  /** What was given up, of all endpoints or of one, the newest first, before the one with this id. */
  listGivenUp(endpoint: string | null, before: number | null, limit: number): Promise<readonly Delivery[]>;
  /** One that was given up; null: there is none with this id. */
  getGivenUp(id: number): Promise<Delivery | null>;
  /** Lets what was given up wait again, in its old place, as if it had not been tried: all, or the one with this id. Returns how many. */
  retry(endpoint: string | null, id?: number | null): Promise<number>;
  /** Takes away what was given up (or the one of that with this id), or all. Returns how many. */
  drop(endpoint: string | null, what: "given-up" | "all", id?: number | null): Promise<number>;
  /** Notes which endpoints there are, and takes the queues of those away that have been gone for `afterMs`. Returns their names. */
  keepOnly(endpoints: readonly string[], nowMs: number, afterMs: number): Promise<readonly string[]>;
}

/** The queues of one store. */
export type DeliveryStore = DeliveryQueue & DeliveryOffice;
