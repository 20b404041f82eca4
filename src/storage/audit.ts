/**
 * The contract of the audit log: who changed what, and from where. Never what a secret is.
 *
 * What happened to images is in the events already (`events.ts`), written with what it tells of. So the audit log is both:
 * entries of its own for all else, and those events that a person caused, which are kept for as long as entries are. Nothing
 * is written twice. The ids of both count together.
 */
import type { EventCause } from "./events.ts";

/** An entry before it has an id. */
export type NewAuditEntry = EventCause & {
  readonly atMs: number;
  /** What was done, in words such as `user-added`. */
  readonly action: string;
  /** What was changed: a user's or token's name, an image, a setting. Null where that is larder as a whole. */
  readonly subject: string | null;
  /** What else there is to say, for people; null: nothing. */
  readonly detail: string | null;
};

/** An entry of the log, or an event in its form: `image-pushed` or `image-removed`, with the digest as `detail`. */
export type AuditEntry = NewAuditEntry & { readonly id: number };

/** The number of entries that are kept, and of events of pushes and removals; older ones are deleted. */
export const AUDIT_KEPT = 100_000;
/** What is older than this, in milliseconds, is deleted. */
export const AUDIT_KEPT_MS = 400 * 86_400_000;

/** The texts of an entry are cut to so many characters. */
export const AUDIT_TEXT_LIMIT = 500;

/** What of the log is wanted. What is left out does not matter. */
export type AuditQuery = {
  readonly before: number | null;
  readonly sinceMs: number;
  readonly limit: number;
  /** Whose, letter by letter. */
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  /** What the subject or the detail has somewhere in it, in whatever case of ASCII. */
  readonly search?: string | undefined;
};

/** The log of one store. */
export interface AuditStore {
  /**
   * Entries with lower ids than `before` (null: all) that are not older than `sinceMs`, the newest first. To find what is rare, all
   * are looked through, in turns; that ends with the signal.
   */
  list(query: AuditQuery, signal?: AbortSignal): Promise<readonly AuditEntry[]>;
  /** Writes down what happened in no transaction of its own. It outlives the process; a power cut may take it. */
  append(entry: NewAuditEntry): Promise<void>;
  /** Tells of each entry that was written, in a transaction or not; events are none. Must not throw. Returns what ends that. */
  subscribe(listener: () => void): () => void;
}

/** Is the entry one that the query asks for, whatever its id and time? */
export function isWanted({ who, action, subject, detail }: AuditEntry, wanted: AuditQuery): boolean {
  if (wanted.who !== undefined && wanted.who !== who) return false;
  if (wanted.action !== undefined && wanted.action !== action) return false;
  if (wanted.search === undefined) return true;
  return `${subject ?? ""}\n${detail ?? ""}`.toLowerCase().includes(wanted.search.toLowerCase());
}

/** Does the query ask for some entries alone? */
export function isNarrow({ who, action, search }: AuditQuery): boolean {
  return who !== undefined || action !== undefined || search !== undefined;
}

/** The entry with its texts cut. */
export function boundedEntry(entry: NewAuditEntry): NewAuditEntry {
  const { subject, detail, who } = entry;
  return { ...entry, subject: cut(subject), detail: cut(detail), who: cut(who) };
}

function cut(text: string | null): string | null {
  return text === null || text.length <= AUDIT_TEXT_LIMIT ? text : `${text.slice(0, AUDIT_TEXT_LIMIT)}…`;
}
