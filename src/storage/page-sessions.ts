/**
 * The contract of page sessions: who has signed in to the page, and with which browser. Of the secret that a browser has, only
 * a hash is kept. Beginnings and ends write an audit entry in the same transaction.
 *
 * They do not outlive `larder rebuild`: people sign in again. Times are milliseconds since 1970.
 */
import type { NewAuditEntry } from "./audit.ts";

/** A session of somebody with one browser. */
export type StoredPageSession = {
  /** Names it in lists and logs, and opens nothing. Later ones have greater ids. */
  readonly id: string;
  /** The SHA-256 of what the browser has, in hexadecimal. */
  readonly secretHash: string;
  /** Whose it is, as the audit log names them. */
  readonly name: string;
  /** Whose it is, in full, as JSON; `access/sessions/who.ts` reads it. */
  readonly who: string;
  readonly createdAtMs: number;
  /** Within minutes. */
  readonly usedAtMs: number;
  /** It ends then, however much it is used. */
  readonly expiresAtMs: number;
  /** The address that it was begun from; null: not known. */
  readonly from: string | null;
  readonly userAgent: string | null;
};

/** How many sessions are kept of one person, and of all. Those unused longest make way. */
export const PAGE_SESSIONS_LIMIT = { each: 50, all: 10_000 };

/** The use of a session. */
export type PageSessionUse = { readonly id: string; readonly atMs: number };

/** What of sessions is listed: those of somebody, or of all, with lower ids than `before`. The newest come first. */
export type PageSessionQuery = { readonly name: string | null; readonly before: string | null; readonly limit: number };

/** The sessions of one store. */
export interface PageSessionStore {
  /** By the hash of its secret: one look-up by an index. Expired ones are found, too, until they are swept. */
  find(secretHash: string): Promise<StoredPageSession | null>;
  /** By its id; null: there is none. */
  get(id: string): Promise<StoredPageSession | null>;
  list(query: PageSessionQuery): Promise<readonly StoredPageSession[]>;
  /** Adds a session. Those that are too many make way for it. */
  add(session: StoredPageSession, audit: NewAuditEntry): Promise<void>;
  /** Notes uses. An earlier time than the known one changes nothing; a power cut may take it. */
  noteUse(uses: readonly PageSessionUse[]): Promise<void>;
  /** Ends a session. Returns which; null: there is none of this id. */
  remove(id: string, audit: NewAuditEntry): Promise<StoredPageSession | null>;
  /** Removes those that expired before `nowMs`, or were not used since `usedBeforeMs`. Returns how many. */
  sweep(nowMs: number, usedBeforeMs: number): Promise<number>;
  /** Tells the ids of those that were ended, or made way. Returns what ends that. The listener must not throw. */
  subscribe(listener: (ids: readonly string[]) => void): () => void;
}
