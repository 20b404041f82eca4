import { randomUUID } from "node:crypto";
import type { Happening } from "../../storage/deliveries.ts";
import type { EventCause, RequestFacts } from "../../storage/events.ts";
import { LOCAL } from "../../oci/repository-name.ts";
import { repositoryOf } from "../../oci/repository.ts";
import type { NoticeKind } from "./endpoint.ts";

/**
 * What is told of something that happened, whatever the format: the record of a delivery, as JSON. Its id stays the same from
 * one attempt to the next, and for all endpoints.
 */
export type Notice = {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly atMs: number;
  /** Is it about a single blob, not an image? */
  readonly isBlob: boolean;
  /** The full name, `local/team/app`; null for what is about no repository. */
  readonly repository: string | null;
  readonly tag: string | null;
  readonly digest: string | null;
  readonly mediaType: string | null;
  /** Of the manifest or blob itself. */
  readonly contentBytes: number | null;
  /** Of an image with all its blobs, as far as that is known; of what is evicted, what it gives back. */
  readonly sizeBytes: number | null;
  /** Where a blob was mounted from, as `repository`. */
  readonly lender: string | null;
  readonly who: string | null;
  readonly from: string | null;
  readonly requestId: string | null;
  /** How it was asked for; null: larder did it by itself. */
  readonly request: RequestFacts | null;
  /** The registry that larder fetches from, and what is wrong there: of `upstream-…` alone. */
  readonly upstream: string | null;
  readonly problem: string | null;
};

/** What blobs are by their media type: nobody says what is in them. */
const BLOB_TYPE = "application/octet-stream";
/** What a client says of itself is kept to this length. */
const LONGEST_TEXT = 512;

const NOTHING = {
  isBlob: false,
  repository: null,
  tag: null,
  digest: null,
  mediaType: null,
  contentBytes: null,
  sizeBytes: null,
  lender: null,
  who: null,
  from: null,
  requestId: null,
  request: null,
  upstream: null,
  problem: null,
} as const;

/** A notice with these fields, and an id of its own. */
export function noticeOf(fields: Pick<Notice, "kind" | "atMs"> & Partial<Notice>): Notice {
  return { ...NOTHING, id: randomUUID(), ...fields };
}

/** What is told of what happened: mostly one notice; none of what nobody is told of. */
export function noticesOf(happening: Happening): readonly Notice[] {
  const kind = kindOf(happening.kind);
  if (kind === null) return [];
  const { atMs, repository, tag, tags, digest, mediaType, contentBytes, sizeBytes, lender, cause } = happening;
  const isBlob = happening.kind.startsWith("blob-") || kind === "verify-failed";
  const what = { kind, atMs, isBlob, repository, digest, contentBytes, sizeBytes, lender, ...causeOf(cause) };
  const first = noticeOf({ ...what, tag, mediaType: isBlob ? BLOB_TYPE : mediaType });
  // registry:2 tells of each tag that goes with its manifest.
  return [first, ...tags.map((one) => ({ ...first, id: randomUUID(), tag: one }))];
}

/** Who asked, and how, as notices tell it. */
export function causeOf(cause: EventCause): Pick<Notice, "who" | "from" | "requestId" | "request"> {
  const { who, from, requestId } = cause;
  const facts = cause.facts?.() ?? null;
  if (facts === null) return { who, from, requestId, request: null };
  const { method, host, userAgent, repositoryUrl } = facts;
  return { who, from, requestId, request: { method, host: brief(host), userAgent: brief(userAgent), repositoryUrl } };
}

/** The name as clients write it: without a registry where that is larder itself. */
export function nameForClients(repository: string): string {
  const { namespace, path } = repositoryOf(repository as Parameters<typeof repositoryOf>[0]);
  return namespace === LOCAL ? path : repository;
}

function brief(text: string | null): string | null {
  return text === null ? null : text.slice(0, LONGEST_TEXT);
}

function kindOf(kind: Happening["kind"]): NoticeKind | null {
  switch (kind) {
    case "pushed":
    case "blob-pushed":
      return "push";
    case "blob-mounted":
      return "mount";
    case "removed":
    case "expired":
    case "blob-removed":
      return "delete";
    case "cached":
      return "cache";
    case "evicted":
      return "evict";
    case "damaged":
      return "verify-failed";
    case "imported":
    case "collected":
    case "healed":
      return null;
    default:
      return kind satisfies never;
  }
}
