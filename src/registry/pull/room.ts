import type { Digest } from "../../oci/digest.ts";

/** Room that was made for a blob. */
export interface ReservedRoom {
  /** Says how much of it is on disk by now. To be set as soon as there is something to tell. */
  writtenBytes: () => number;
  /** Gives it up: the blob is kept, and counts for itself, or will not come. */
  release(): void;
}

/** Makes room for what is fetched from upstream. */
export interface Room {
  /**
   * Waits until a blob fits, for which others may be evicted. Throws STORAGE_FULL, saying why, when it does not: then it is
   * handed on without being kept.
   */
  reserve(digest: Digest, bytes: number): Promise<ReservedRoom>;
}

/** Room where there is no limit but the disk's own. */
export const BOUNDLESS: Room = { reserve: async () => ({ writtenBytes: () => 0, release: () => {} }) };
