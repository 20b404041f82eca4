/**
 * The contract of what is set aside: files that were taken out of the way of blobs without being deleted, since nobody
 * can tell from here that they are worth nothing.
 *
 * Who sets aside does so while the blob is going (`BlobTransitionStore.takeAway`). Bringing back and giving up need no such
 * care: neither replaces or takes away what is in a blob's place.
 */
import type { Digest } from "../oci/digest.ts";

/** Why a blob's file was set aside: no record names it, or its content is not what its name says. */
export type AsideReason = "unrecorded" | "damaged";

/** A file that is set aside. `sinceMs` is when it came there, in milliseconds since 1970. */
export type AsideFile = {
  readonly digest: Digest;
  readonly reason: AsideReason;
  readonly size: number;
  readonly sinceMs: number;
};

/** The totals of what is set aside; `damaged` counts the files whose content is known to be wrong. */
export type AsideTotals = { readonly files: number; readonly damaged: number; readonly bytes: number };

/** The files that were set aside. */
export interface AsideStore {
  /** Takes what is in a blob's place out of the way. It survives a power cut there. False when there is nothing. */
  setAside(digest: Digest, reason: AsideReason): Promise<boolean>;
  /** Puts back the file that no record named. Its size; null when there is none, or the blob has, or just gets, a file. */
  bringBack(digest: Digest): Promise<number | null>;
  /** Is something set aside for this reason? */
  holds(digest: Digest, reason: AsideReason): Promise<boolean>;
  /** The size of the file that is set aside for this reason; null when there is none, or what is there is no file. */
  size(digest: Digest, reason: AsideReason): Promise<number | null>;
  /** Deletes a file that is set aside. False when it was not there. */
  giveUp(digest: Digest, reason: AsideReason): Promise<boolean>;
  /** All that is set aside, in no order. */
  list(): AsyncIterable<AsideFile>;
  totals(): Promise<AsideTotals>;
}
