import type { Tag } from "../oci/tag.ts";
import type { Happening } from "./deliveries.ts";
import type { EventCause, NewEvent } from "./events.ts";

/** What is known of an event in its transaction, and is not kept with it. */
export type EventTold = {
  readonly cause?: EventCause | undefined;
  /** As `Happening` has them. */
  readonly contentBytes?: number | null;
  readonly tags?: readonly Tag[];
};

/** An event as those who plan deliveries are told of it. */
export function happeningOf(event: NewEvent, { cause, contentBytes = null, tags = [] }: EventTold): Happening {
  const { kind, atMs, repository, tag, digest, mediaType, sizeBytes, who, from, requestId } = event;
  const what = { kind, atMs, repository, tag, tags, digest, mediaType, contentBytes, sizeBytes, lender: null };
  return { ...what, cause: cause ?? { who, from, requestId } };
}

/** What somebody did with a single blob, as those who plan deliveries are told of it. */
export function blobHappening(
  kind: Extract<Happening["kind"], `blob-${string}`>,
  blob: Pick<Happening, "repository" | "digest" | "contentBytes" | "atMs" | "cause"> & Partial<Happening>,
): Happening {
  return { tag: null, tags: [], mediaType: null, sizeBytes: null, lender: null, ...blob, kind };
}
